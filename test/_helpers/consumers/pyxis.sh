#!/bin/bash
# Stands for srun with pyxis: takes the options of pyxis off, and has the real srun ($REAL_SRUN) start the container with docker.
set -eu
outer=() container=()
while [[ $1 == --* ]]; do
	case $1 in
	--container-image=*) image=$(tr '#' / <<<"${1#*=}") ;;
	--container-mounts=*) for mount in $(tr , ' ' <<<"${1#*=}"); do container+=(--volume "$mount"); done ;;
	--container-workdir=*) container+=(--workdir "${1#*=}") ;;
	--no-container-mount-home | --no-container-entrypoint) ;;
	--container* | --no-container*) echo "srun: unrecognized option '$1'" >&2 && exit 1 ;;
	*) outer+=("$1") ;;
	esac
	shift
done
# shellcheck disable=SC2016
start='exec docker run --rm --env-file <(env | grep -vE "^(PATH|LD_LIBRARY_PATH|HOME)=") --user "$(id -u)" --entrypoint "" "$@"'
exec "$REAL_SRUN" "${outer[@]}" bash -c "$start" bash "${container[@]}" "$image" "$@"
