# gpubox completion for bash:  source <(gpubox completion bash)
_gpubox() {
	local line=${COMP_LINE:0:COMP_POINT} current kind value description
	local -a words
	# bash also parts words at : and =, which stand in images and options: take the line as it is.
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	current=${words[${#words[@]} - 1]}
	COMPREPLY=()
	{
		IFS= read -r kind
		while IFS=$'\t' read -r value description; do
			COMPREPLY+=("$value")
		done
	} < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
	case $kind in
	files) compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	folders) compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	esac
	if [[ $kind == words ]]; then
		# Of what bash takes for several words, only the last one is replaced.
		local before=${current%"${current##*[$COMP_WORDBREAKS]}"} i
		for i in "${!COMPREPLY[@]}"; do
			COMPREPLY[i]=${COMPREPLY[i]#"$before"}
		done
	fi
}
complete -o nosort -F _gpubox gpubox
