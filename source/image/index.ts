/**
All that decides about images, for those who load it when they need it: as one, because each of a dozen small files costs more to
find and open than its code to read.
*/
export {withTeamImages} from './catalogue/catalogue.ts';
export {candidates, recommend, refusal, suggest, suggestionToJson, worthListing} from './catalogue/suggest.ts';
export {fitFacts} from './facts.ts';
export {makeJudge} from './fit/fit.ts';
export {freshness} from './freshness.ts';
export {identify, surelyProvides} from './identify.ts';
export {identifyAll} from './local.ts';
