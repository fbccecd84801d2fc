import { cutText } from '../../../platform/input/text.ts';
import type { KnownComment } from '../entities/known-comment.ts';
import type { KnownProject } from '../entities/known-project.ts';
import type { KnownTask } from '../entities/known-task.ts';
import { HOW_TO_ASK } from './question.ts';

/** OpenClaw refuses bodies over 256 KiB. The difference is for the other fields and for what OpenClaw adds. */
export const PROMPT_BYTES_MAX = 250_000;

export interface PromptParts {
  agent: { systemPrompt?: string | null | undefined };
  project: Pick<KnownProject, 'name' | 'description'> | null;
  task: Pick<KnownTask, 'ref' | 'title' | 'description' | 'checklist'>;
  /** First to last. */
  comments: readonly Pick<KnownComment, 'authorName' | 'body'>[];
  instruction: string;
}

/** A part of a prompt. */
interface Section {
  text: string;
  /** When the prompt is too long, the section with the lowest number is cut first. */
  cutOrder: number;
}

/**
 * Renders the prompt of a run. A prompt holds no secret, because an agent can be talked into telling it.
 *
 * A prompt that is longer than PROMPT_BYTES_MAX is cut, comments first and the instruction last. A mark says where the
 * whole text is.
 */
export function renderPrompt({ agent, project, task, comments, instruction }: PromptParts): {
  text: string;
  /** The part of the agent, with which the text begins. */
  systemPrompt: string;
  isCut: boolean;
} {
  const mark = `\n\n[Cut here: too long to be sent whole. All of it is at the task ${task.ref} in Team Board.]`;
  const sections: Section[] = [
    { text: agent.systemPrompt ?? '', cutOrder: 3 },
    { text: project ? section('Project', project.name, project.description) : '', cutOrder: 2 },
    { text: section('Task', `${task.ref}: ${task.title}`, task.description), cutOrder: 1 },
    { text: renderChecklist(task.checklist), cutOrder: 2 },
    { text: renderComments(comments), cutOrder: 0 },
    { text: `# What you are asked to do\n${instruction}`, cutOrder: 4 },
    {
      text: `Your last message is posted as a comment on the task, and a person reviews it. ${HOW_TO_ASK}`,
      cutOrder: 5,
    },
  ];
  const isCut = cutToFit(sections, mark);
  const [{ text: systemPrompt }] = sections as [Section];
  return { text: join(sections), systemPrompt: systemPrompt.trim() ? systemPrompt : '', isCut };
}

const section = (kind: string, name: string, body: string | null | undefined): string =>
  `# ${kind}: ${name}${body?.trim() ? `\n${body}` : ''}`;

const renderChecklist = (checklist: KnownTask['checklist']): string =>
  checklist.length === 0
    ? ''
    : `# Checklist\n${checklist.map(({ text, isDone }) => `- [${isDone ? 'x' : ' '}] ${text}`).join('\n')}`;

const renderComments = (comments: PromptParts['comments']): string =>
  comments.length === 0
    ? ''
    : `# Recent comments\n${comments.map(({ authorName, body }) => `${authorName}: ${body}`).join('\n\n')}`;

const join = (sections: readonly Section[]): string =>
  sections
    .map(({ text }) => text)
    .filter((text) => text.trim())
    .join('\n\n');

function cutToFit(sections: Section[], mark: string): boolean {
  let isCut = false;
  for (const each of [...sections].sort((one, other) => one.cutOrder - other.cutOrder)) {
    const excessBytes = jsonBytes(join(sections)) - PROMPT_BYTES_MAX;
    if (excessBytes <= 0) break;
    // A character takes at least one byte, so this removes enough bytes whatever the characters are.
    const kept = Math.max(0, each.text.length - excessBytes - jsonBytes(mark));
    each.text = cutText(each.text, kept) + mark;
    isCut = true;
  }
  return isCut;
}

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));
