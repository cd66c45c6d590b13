# gpubox completion for fish:  gpubox completion fish | source
function __gpubox_candidates
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program $words[1]
	set -e words[1]
	set -l lines ($program __complete -- $words "$current" 2>/dev/null)
	switch "$lines[1]"
		case files
			__fish_complete_path "$current"
		case folders
			__fish_complete_directories "$current"
		case words
			set -e lines[1]
			string join \n -- $lines
	end
end
complete -c gpubox -f -k -a '(__gpubox_candidates)'
