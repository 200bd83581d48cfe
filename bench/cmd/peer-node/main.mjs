// Runs a WASI preview 1 program with V8, so that it can be compared:
//
//	node --no-warnings main.mjs FILE [ARGUMENTS]
//
// V8 is as node has it by default: its first compiler for everything, its best one, in the background, for what is hot.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
	console.error('usage: main.mjs FILE [ARGUMENTS]');
	process.exit(2);
}
const wasi = new WASI({ version: 'preview1', args: [basename(file), ...args], returnOnExit: true });
const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject());
process.exit(wasi.start(instance));
