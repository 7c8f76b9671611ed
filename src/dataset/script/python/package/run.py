"""Started by squire: loads a user's script and calls its infer functions when asked."""

import sys

if __name__ == "__main__":  # Processes that the script starts import this file too.
    # squire's own folder may be read-only, or another user's: nothing is written there. What the script imports is cached as ever.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    import onnx_quantize_tool.common.register
    from squire_bridge.main import main

    sys.dont_write_bytecode = before
    main(sys.argv[1])
