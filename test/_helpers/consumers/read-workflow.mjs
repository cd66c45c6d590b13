/** Reads a workflow with GitHub's own parser and prints what it finds wrong. Bundled first: Node does not read the parser's JSON. */
import {readFileSync} from 'node:fs';
import {NoOperationTraceWriter, parseWorkflow} from '@actions/workflow-parser';

const name = process.argv[2];
const {context} = parseWorkflow({name, content: readFileSync(name, 'utf8')}, new NoOperationTraceWriter());
process.stdout.write(JSON.stringify(context.errors.getErrors().map(({message}) => message)));
