/** The scanners that gpubox knows, in the order in which it looks for them. */
export const scannerNames = ['trivy', 'grype', 'clairctl'] as const;

export type ScannerName = (typeof scannerNames)[number];
