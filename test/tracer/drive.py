"""Runs a script under the tracer for the tests: `drive.py PLAIN|CAPTURE OUT SCRIPT [ARGUMENT …]`.

Writes the recording to OUT and how the run ended to OUT.json; everything else is the script's own.
"""

import importlib.util
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRACER = os.path.join(ROOT, 'src', 'tracer', 'python')
LIBRARY = os.path.join(ROOT, 'src', 'runtimes', 'embeddedPython', 'library')


def tracer():
    spec = importlib.util.spec_from_file_location(
        'backprop_tracer', os.path.join(TRACER, '__init__.py'), submodule_search_locations=[TRACER]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules['backprop_tracer'] = module
    spec.loader.exec_module(module)
    return module


def main(mode, out, script, *arguments):
    sys.dont_write_bytecode = True
    sys.path[0] = LIBRARY
    options = json.loads(os.environ.get('TRACER_OPTIONS', '{}'))
    if options.pop('gated', False):
        # A debugger that looks at every event, and lets the script go on.
        plan = {'kind': 'go', 'steps': True, 'contributions': True, 'nodes': True, 'ops': [], 'suspects': [],
                'values': list(range(50)), 'more': False, 'extremeGradients': True, 'extremeValues': True,
                'look': True}
        options['exchange'] = lambda message: json.dumps(plan)
    module, chunk = tracer(), options.pop('chunk', None)
    if chunk is not None:
        # Events are taken together much earlier than is worth while.
        module.events.CHUNK = module.gradient_probes.CHUNK = chunk
        module.bulk._WORTHWHILE = 2
    report(out, {'kind': 'crashed', 'message': 'the tracer did not return'})
    with open(out, 'wb', buffering=0) as file:
        end = module.run(
            script, list(arguments), file.write, capture=mode == 'capture', user_roots=[os.path.join(LIBRARY, 'micrograd')], **options
        )
    report(out, end)


def report(out, end):
    with open(out + '.json', 'w') as file:
        json.dump(end, file)


if __name__ == '__main__':
    main(*sys.argv[1:])
