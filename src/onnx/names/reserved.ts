// Names of squire's own tensors in models that it runs.

/** What they begin with: no model may have such a name. */
export const RESERVED = 'squire_refused_'

/** An output that is not a tensor: see src/calibrate/dodges/uncopied.ts and session.ts. */
export const REFUSED_OUTPUT = `${RESERVED}output`
