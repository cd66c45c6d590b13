/** The label that every container of gpubox has: by it they are found. */
export const boxLabel = 'gpubox.name';
