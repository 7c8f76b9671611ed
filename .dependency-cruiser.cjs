// Who may import whom. Run on the compiled JavaScript: there, type-only imports are gone, so every rule is about values.
const src = '^dist/src'
const nouns = `${src}/(onnx|dataset|histogram|difference|refine|fixedpoint|emit|oracle|operators|plan|noise)/`
const verbs = `${src}/(calibrate|solve|equalize|offsets|export|evaluate|compare|report|parts|cluster)/`

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^#' } },
    {
      name: 'only-session-imports-the-runtime',
      severity: 'error',
      from: { path: '^dist/(src|workers)/', pathNot: `${src}/onnx/runtime/session.js$` },
      to: { path: 'onnxruntime-node' },
    },
    {
      name: 'only-the-pool-imports-piscina',
      severity: 'error',
      from: { path: '^dist/(src|workers)/', pathNot: `${src}/engine/pool.js$` },
      to: { path: 'node_modules/piscina' },
    },
    {
      name: 'nouns-know-nothing-of-stages',
      comment:
        'onnx, dataset, histogram, refine, fixedpoint, emit, oracle, operators and plan serve the stages and the engine, and import neither.',
      severity: 'error',
      from: { path: nouns },
      to: {
        path: [verbs, `${src}/(engine|cli)/`, `${src}/(runs|library)/|${src}/(supervisor|index|main).js$`],
      },
    },
    {
      name: 'histogram-difference-and-onnx-stand-alone',
      severity: 'error',
      from: { path: `${src}/(histogram|difference|onnx)/` },
      to: { path: `${src}/(dataset|fixedpoint|emit|oracle|operators|plan)/` },
    },
    {
      name: 'scripts-and-formats-do-not-meet',
      comment:
        'Readers of files know nothing of user code, and the other way round; dataset/datasets.ts alone opens both.',
      severity: 'error',
      from: { path: `${src}/dataset/(formats|script|tensors)/` },
      to: { path: `${src}/dataset/(formats|script|datasets)`, pathNot: `${src}/dataset/$1/` },
    },
    {
      name: 'the-oracle-is-independent-of-what-it-tests',
      comment: 'What computes the reference and what emits ONNX nodes never meet, and share no arithmetic.',
      severity: 'error',
      from: { path: `${src}/(oracle/|operators/.*/reference.js$)` },
      to: { path: `${src}/(emit/|operators/.*/emit.js$)` },
    },
    {
      name: 'emission-shares-nothing-with-the-oracle',
      severity: 'error',
      from: { path: `${src}/(emit/|operators/.*/emit.js$)` },
      to: {
        path: `${src}/(oracle/|operators/.*/reference.js$|fixedpoint/(rounding|multiplier|scaleFix|shiftChoice|weights).js$|onnx/geometry.js$)`,
      },
    },
    {
      name: 'families-know-no-other-family',
      comment: 'A room of src/operators that is no family (accumulation, scaling) may be shared.',
      severity: 'error',
      from: { path: `${src}/operators/([^/]+)/` },
      to: { path: `${src}/operators/[^/]+/`, pathNot: `${src}/operators/($1|accumulation|scaling)/` },
    },
    {
      name: 'a-verb-imports-no-other-verb',
      severity: 'error',
      from: { path: `${src}/(calibrate|solve|equalize|offsets|export|evaluate|compare|report|parts|cluster)/` },
      to: { path: verbs, pathNot: `${src}/$1/` },
    },
    {
      name: 'files-and-wasm-know-nothing-of-what-is-in-them',
      severity: 'error',
      from: { path: `${src}/(files|wasm)/` },
      to: { path: `${src}/`, pathNot: `${src}/($1/|errors.js$)` },
    },
    {
      name: 'the-engine-runs-models-and-knows-no-stage',
      severity: 'error',
      from: { path: `${src}/engine/` },
      to: { path: [verbs, `${src}/cli/`, `${src}/(runs|library)/`] },
    },
    {
      name: 'options-know-the-chips-and-how-files-are-opened',
      severity: 'error',
      from: { path: `${src}/config/` },
      to: { path: `${src}/`, pathNot: `${src}/(config/|errors.js$|fixedpoint/chip|files/regularFile.js$)` },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { pathNot: `${src}/(cli/|main.js$)` },
      to: { path: `${src}/cli/` },
    },
    {
      name: 'workers-hold-no-policy',
      severity: 'error',
      from: { path: '^dist/workers/' },
      to: {
        path: `${src}/(cli|report|calibrate|evaluate|compare|export|parts|plan|operators|emit|oracle|fixedpoint)/|${src}/(runs|library)/|${src}/(supervisor|index).js$`,
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6'],
    exclude: { path: '\\.d\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
