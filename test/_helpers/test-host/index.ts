export {breakGpuDriver, gpuRequests, withDriver} from './gpu-hook.ts';
export {buildImage} from './images.ts';
export {makeKnownPerson, runKnown, startKnown} from './passwd-user.ts';
export {makePerson, type Person, type Result, type RunOptions} from './person.ts';
export {freePort, type Registry, startRegistry} from './registry.ts';
export {openTerminal, readLogOfOther, startInTerminal, type Terminal} from './terminal.ts';
export {dockerOf, needsOwnEngine, type TestHost, testHost, testHostVariable} from './test-host.ts';
export {buildTorchImage, torchLines} from './torch-image.ts';
export {waitUntil} from './wait-until.ts';
