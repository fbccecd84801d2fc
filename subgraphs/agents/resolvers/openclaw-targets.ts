/** The path that the mapper of `OpenClawTarget` in codegen.ts names. */
export type { TargetOffer as OpenClawTargetView } from '../queries/target-offers.ts';
