# Prints the packages of the distribution: the kind of package and the system's name, then one package a line.
system=$(. /etc/os-release 2>/dev/null && echo "$ID")
if command -v dpkg-query >/dev/null; then
	echo "deb ${system:-linux}"
	dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n'
elif command -v rpm >/dev/null; then
	echo "rpm ${system:-linux}"
	rpm -qa --queryformat '%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\n'
else
	exit 3
fi
