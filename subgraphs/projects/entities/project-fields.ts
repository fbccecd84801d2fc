import { defineFieldTable } from '../../../platform/database/field-table.ts';
import { line, text } from '../../../platform/input/input.ts';
import { Project } from './project.ts';

/**
 * Everything that can change in a project. `input` is the argument of `projectCreate` and `projectUpdate`.
 * The key never changes, because the refs of tasks hold it.
 */
export const PROJECT_FIELDS = defineFieldTable(Project, {
  name: { input: line(1, 100), apiNames: ['name'] },
  description: { input: text(20_000).nullish(), apiNames: ['description'] },
});
