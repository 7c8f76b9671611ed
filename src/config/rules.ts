// What options must be to each other, and to the chip. A rule gives what is wrong with a configuration, in the words of whoever wrote it.

import { listed } from '../errors.js'
import { chipProfile } from '../fixedpoint/chip.js'
import type { Parsed } from './config.js'

/** How the user wrote an option, by its key: `--image-mean`, or `option "image.mean"`. */
export type Naming = (key: string) => string

type Rule = (config: Parsed, name: Naming) => string | undefined

const bitWidthOfChip: Rule = ({ chip, bitWidth }, name) => {
  const { bitWidths } = chipProfile(chip)
  if (bitWidths.includes(bitWidth)) return undefined
  const widths = listed(bitWidths)
  return `${name('bitWidth')}: ${chip} computes in ${widths} bits, not in ${bitWidth}: choose ${widths}`
}

const allStandsAlone: Rule = ({ iterations }, name) => {
  if (iterations === undefined || iterations.length === 1 || !iterations.includes('all')) return undefined
  return `${name('iterations')}: "all" stands alone, got ${iterations.join(' ')}`
}

const autoStandsAlone: Rule = ({ modes }, name) => {
  if (modes === undefined || modes.length === 1 || !modes.includes('auto')) return undefined
  return `${name('modes')}: "auto" tries several modes and stands alone, got ${modes.join(' ')}`
}

const scalesInQuantModeOnly: Rule = ({ generateScaleJson, runMode }, name) =>
  generateScaleJson && runMode !== 'quant'
    ? `${name('generateScaleJson')} works with ${name('runMode')} quant only`
    : undefined

const meanWithStd: Rule = ({ image, mean, std }, name) =>
  bothOrNeither(image, 'image.mean', 'image.std', name) ?? bothOrNeither({ mean, std }, 'mean', 'std', name)

function bothOrNeither(
  { mean, std }: Pick<Parsed['image'], 'mean' | 'std'>,
  meanKey: string,
  stdKey: string,
  name: Naming,
): string | undefined {
  if ((mean === undefined) === (std === undefined)) return undefined
  const [given, missing] = mean === undefined ? [stdKey, meanKey] : [meanKey, stdKey]
  return `${name(given)} needs ${name(missing)} too: give both or neither`
}

const oneForEachChannel: Rule = ({ image }, name) => {
  for (const key of ['mean', 'std'] as const) {
    const problem = channelProblem(image, key, name)
    if (problem !== undefined) return problem
  }
  return undefined
}

function channelProblem(
  { colorSpace = 'BGR', ...image }: Parsed['image'],
  key: 'mean' | 'std',
  name: Naming,
): string | undefined {
  const channels = colorSpace === 'GRAY' ? 1 : 3
  const given = image[key]?.length
  if (given === undefined || given === 1 || given === channels) return undefined
  const expected = channels === 1 ? '1 value' : `1 value or ${channels}`
  return `${name(`image.${key}`)}: expected ${expected} for ${name('image.colorSpace')} ${colorSpace}, got ${given}`
}

const loadedScalesAlone: Rule = ({ loadScaleJson, generateScaleJson, runMode }, name) => {
  if (loadScaleJson === undefined) return undefined
  if (generateScaleJson) return `${name('loadScaleJson')} and ${name('generateScaleJson')} exclude each other`
  return runMode === 'quant' ? undefined : `${name('loadScaleJson')} works with ${name('runMode')} quant only`
}

const twoLayerThresholds: Rule = ({ layerThreshold }, name) =>
  layerThreshold !== undefined && layerThreshold.length > 2
    ? `${name('layerThreshold')}: expected one number, or one for the input and one for the output, got ${layerThreshold.length}`
    : undefined

const configsForInferCommon: Rule = ({ inputConfigs, inferFunction, userScript }, name) =>
  inputConfigs !== undefined && inferFunction !== 'infer_common' && userScript === undefined
    ? `${name('inputConfigs')} is for ${name('inferFunction')} infer_common: give that too`
    : undefined

const tablesOfSixteenBits: Rule = ({ chip, lutLength }, name) =>
  lutLength === undefined || chipProfile(chip).bitWidths.includes(16)
    ? undefined
    : `${name('lutLength')} is for chips that compute in 16 bits, ${chip} computes in ${listed(chipProfile(chip).bitWidths)}`

const scalesOrMix: Rule = ({ loadScaleJson, mixConfig }, name) =>
  loadScaleJson !== undefined && mixConfig !== undefined
    ? `${name('loadScaleJson')} and ${name('mixConfig')} exclude each other`
    : undefined

const scalesOrEqualized: Rule = ({ loadScaleJson, equalize }, name) =>
  loadScaleJson !== undefined && equalize
    ? `${name('loadScaleJson')} and ${name('equalize')} exclude each other: given scales are those of channels as they are`
    : undefined

/** Only chips that mix widths have a mix to find. */
const noWidthsToMix: Rule = (config, name) => {
  const { chip, runMode } = config
  const asked = runMode === 'auto_quant' ? `${name('runMode')} auto_quant` : mixOption(config, name)
  if (asked === undefined) return undefined
  const { bitWidths, mixesWidths } = chipProfile(chip)
  if (mixesWidths) return undefined
  return `${asked}: ${chip} computes in ${listed(bitWidths)} bits only, there are no widths to mix`
}

/** The first option for auto_quant that is given. */
function mixOption(config: Parsed, name: Naming): string | undefined {
  const key = (['autoMixRatio', 'autoMixSqnr', 'autoMixStrategy'] as const).find((one) => config[one] !== undefined)
  return key && name(key)
}

const automaticMix: Rule = (config, name) => {
  const { runMode, autoMixStrategy, mixConfig, bitWidth } = config
  const auto = `${name('runMode')} auto_quant`
  if (runMode !== 'auto_quant') {
    const given = mixOption(config, name)
    return given && `${given} is for ${auto}`
  }
  if (mixConfig !== undefined) return `${auto} finds a mix, ${name('mixConfig')} gives one: they exclude each other`
  if (bitWidth !== 8) return `${auto} finds what needs more than 8 bits: ${name('bitWidth')} must be 8`
  return autoMixStrategy === 'initial'
    ? `${name('autoMixStrategy')} initial: the vendor's guide names it without saying what it does, so that squire cannot do the same. ` +
        `Choose HAWQ (what removes most noise for its cost) or IOhigh (inputs and outputs first), or give a mix of your own with ${name('mixConfig')}`
    : undefined
}

const evaluationOfStatistics: Rule = ({ stats, evaluation }, name) =>
  evaluation !== undefined && stats === undefined
    ? `${name('evaluation')} needs ${name('stats')}, the statistics that its models were made of`
    : undefined

const oneCalibration: Rule = ({ stats, cacheDistribution }, name) =>
  stats !== undefined && cacheDistribution !== undefined
    ? `${name('stats')} and ${name('cacheDistribution')} exclude each other: both stand for the calibration`
    : undefined

const partsOfQuantMode: Rule = ({ stats, part, runMode }, name) =>
  runMode !== 'quant' && (stats !== undefined || part !== undefined)
    ? `${name(stats === undefined ? 'part' : 'stats')} works with ${name('runMode')} quant only`
    : undefined

export const rules: readonly Rule[] = [
  evaluationOfStatistics,
  oneCalibration,
  partsOfQuantMode,
  configsForInferCommon,
  bitWidthOfChip,
  allStandsAlone,
  autoStandsAlone,
  scalesInQuantModeOnly,
  meanWithStd,
  oneForEachChannel,
  loadedScalesAlone,
  twoLayerThresholds,
  tablesOfSixteenBits,
  scalesOrMix,
  scalesOrEqualized,
  noWidthsToMix,
  automaticMix,
]
