# Read by every login shell in a gpubox box, after the distribution's own profile.

# Debian's profile sets a PATH of its own and forgets that of the image.
if [ -r /tmp/gpubox/environment ]; then
	gpubox_path=$(. /tmp/gpubox/environment && printf %s "$PATH")
	case ":$PATH:" in
	*":$gpubox_path:"*) ;;
	*) PATH=$gpubox_path:$PATH ;;
	esac
	unset gpubox_path
	export PATH
fi

# Secrets that were asked for as variables: in shells and what they start, and nowhere else.
for gpubox_name in ${GPUBOX_SECRET_VARIABLES:-}; do
	# Only names: shells work out what stands in brackets behind one.
	case $gpubox_name in
	'' | [0123456789]* | *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_]*) continue ;;
	esac
	if [ -r "/run/secrets/$gpubox_name" ]; then
		export "$gpubox_name=$(cat "/run/secrets/$gpubox_name")"
	fi
done
unset gpubox_name
