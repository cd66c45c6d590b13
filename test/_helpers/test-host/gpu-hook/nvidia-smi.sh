#!/bin/sh
# A stand-in for nvidia-smi inside a container of the test host: it knows the GPUs the engine gave, and no more.
gpus='@GPUS@'

if [ -z "$gpus" ]; then
	echo 'No devices were found'
	exit 6
fi

list() {
	echo "$gpus" | while IFS= read -r line; do
		index=${line%%, *}
		rest=${line#*, }
		echo "GPU $index: ${rest#*, } (UUID: ${rest%%, *})"
	done
}

value() {
	case $1 in
	index) echo "$index" ;;
	uuid | gpu_uuid) echo "$uuid" ;;
	name | gpu_name) echo "$name" ;;
	driver_version) echo '575.57.08' ;;
	count) echo "$gpus" | wc -l | tr -d ' ' ;;
	*) echo '[N/A]' ;;
	esac
}

query() {
	case $format in
	*noheader*) ;;
	*) echo "$fields" | sed 's/,/, /g' ;;
	esac
	echo "$gpus" | while IFS= read -r line; do
		index=${line%%, *}
		rest=${line#*, }
		uuid=${rest%%, *}
		name=${rest#*, }
		row=
		for field in $(echo "$fields" | tr ',' ' '); do
			row="$row${row:+, }$(value "$field")"
		done
		echo "$row"
	done
}

fields=
format=
action=summary
while [ $# -gt 0 ]; do
	case $1 in
	-L | --list-gpus) action=list ;;
	--query-gpu=*) action=query fields=${1#--query-gpu=} ;;
	--format=*) format=${1#--format=} ;;
	--query-compute-apps=*) exit 0 ;;
	*)
		echo "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help." >&2
		exit 2
		;;
	esac
	shift
done

case $action in
query) query ;;
# The picture that a bare nvidia-smi draws is nothing that a program reads: the list does.
*) list ;;
esac
