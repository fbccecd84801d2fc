import { type DocumentNode, type FragmentDefinitionNode, Kind, visit } from 'graphql';

/** The fragments of a document, by name. */
export function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/**
 * Creates a function that measures a fragment by its name. Each fragment is measured once, so that fragments that use
 * each other many times cost little.
 *
 * An unknown fragment and a cycle measure `nothing`; validation reports both.
 */
export function measureFragments<Measure>(
  document: DocumentNode,
  nothing: Measure,
  measure: (fragment: FragmentDefinitionNode) => Measure,
): (name: string) => Measure {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, Measure>();
  return (name) => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    measured.set(name, nothing); // ends a cycle
    const fragment = fragments.get(name);
    const result = fragment ? measure(fragment) : nothing;
    measured.set(name, result);
    return result;
  };
}

/** Returns the name of a fragment that contains itself, directly or through others; null if there is none. */
export function findCycle(document: DocumentNode): string | null {
  const fragments = fragmentsOf(document);
  const finished = new Set<string>();
  const open = new Set<string>();
  const follow = (name: string): string | null => {
    if (open.has(name)) return name;
    const fragment = fragments.get(name);
    if (!fragment || finished.has(name)) return null;
    open.add(name);
    let cycle: string | null = null;
    visit(fragment, {
      FragmentSpread: (node) => {
        cycle ??= follow(node.name.value);
      },
    });
    open.delete(name);
    finished.add(name);
    return cycle;
  };
  for (const name of fragments.keys()) {
    const cycle = follow(name);
    if (cycle !== null) return cycle;
  }
  return null;
}
