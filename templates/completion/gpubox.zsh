#compdef gpubox
# gpubox completion for zsh:  source <(gpubox completion zsh)   after compinit; or put this file as _gpubox into $fpath
_gpubox() {
	local -a lines described
	local line
	lines=("${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	case $lines[1] in
	files) _files ;;
	folders) _files -/ ;;
	words)
		for line in "${(@)lines[2,-1]}"; do
			# _describe parts the word from its description at a colon.
			described+=("${${line%%$'\t'*}//:/\\:}${${(M)line%$'\t'*}/$'\t'/:}")
		done
		_describe -V gpubox described
		;;
	esac
}
if [ "$funcstack[1]" = _gpubox ]; then
	_gpubox "$@"
else
	compdef _gpubox gpubox
fi
