#!/bin/sh
# Plays a Job with podman, in namespaces that are gone with this script. $1: the root that has podman. $2: a folder with etc/, storage/ and files/;
# the code of the job and its log are written there.
set -e
root=$1 own=$2
mount --make-rprivate /
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind "$root" "$root"
mount -t proc proc /proc
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
# Podman leaves its locks there.
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/var/tmp"
mount --bind "$own/etc" "$root/etc"
mount --bind "$own/storage" "$root/var/lib/containers"
mount --bind "$own/files" "$root/mnt"
ip link set lo up

podman() {
	env -i HOME=/root PATH=/usr/bin:/usr/sbin PODMAN_IGNORE_CGROUPSV1_WARNING=1 chroot "$root" podman --storage-driver vfs "$@"
}

podman import -q /mnt/shell.tar localhost/shell:latest
podman kube play --network none /mnt/secret.yaml
podman kube play --network none /mnt/job.yaml
job=$(podman ps --all --format '{{.Names}}' | grep -v -e '-infra$')
podman wait "$job" > "$own/code"
podman logs "$job" > "$own/log"
podman kube down /mnt/job.yaml
