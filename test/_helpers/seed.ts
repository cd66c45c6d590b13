import fc from 'fast-check';

/**
Loaded before the tests of a run. Properties are tried on the same values every time, so that a change is blamed for what it
broke and for nothing else; GPUBOX_SEED=random looks for new ones, and a number repeats what that found.
*/
const wish = process.env.GPUBOX_SEED ?? '20261123';
fc.configureGlobal(wish === 'random' ? {} : {seed: Number(wish)});
