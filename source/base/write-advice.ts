/** What to do about a file that could not be written, by the system's reason; empty for a reason that is not among the usual ones. */
export function adviceForWrite(error: unknown, path: string): string {
	switch ((error as NodeJS.ErrnoException | null)?.code) {
		case 'ENOSPC':
			return `Free some space on the file system of ${path}. To see how full it is: df -h`;
		case 'EDQUOT':
			return `Your quota on the file system of ${path} is used up. To see it: quota -s`;
		case 'EROFS':
			return `${path} is on a file system that is mounted read-only.`;
		case 'EACCES':
		case 'EPERM':
			return `Make ${path} writable for you.`;
		default:
			return '';
	}
}
