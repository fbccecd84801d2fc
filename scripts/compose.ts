/** Composes schema/supergraph.graphql and schema/api.graphql from the subgraphs' SDL; `--check` reports stale files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { API_FILE, apiSchemaOf, composeSupergraph, SUPERGRAPH_FILE } from '../schema/compose.ts';

const supergraph = composeSupergraph();
const files = { [SUPERGRAPH_FILE]: supergraph, [API_FILE]: apiSchemaOf(supergraph) };
for (const [file, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is out of date: run \`npm run compose\` and commit it.`);
    process.exitCode = 1;
  }
}
