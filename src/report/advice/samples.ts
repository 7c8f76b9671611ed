// Whether calibration saw enough.

import type { Rule } from './types.js'

/** Below this a classifier's classes are hardly covered. */
const FEW_SAMPLES = 100

export const fewSamples: Rule = ({ data }) => {
  if (data.samples >= FEW_SAMPLES) return []
  return [
    {
      tensor: null,
      text: 'Usual are 500 to 1000 images that cover every class, or about 100 utterances; min_max needs the least.',
      evidence: `Calibrated on ${data.samples === 1 ? '1 sample' : `${data.samples} samples`}.`,
      next: '-i 500',
    },
  ]
}
