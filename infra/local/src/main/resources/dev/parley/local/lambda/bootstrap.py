"""Runs a function in Python 3.8 or newer under the Lambda Runtime API, as Lambda's runtime does.

What it does is `awslambdaric`'s, Lambda's own client for Python: how a handler is found, what its
context has, how results are encoded, and what is reported of what fails. The handler's name is in
`_HANDLER`, its code in `LAMBDA_TASK_ROOT`, and the layers' in `PYTHONPATH`. The argument says which
names of AWS lead where: see `Fence`.
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import socket
import sys
import threading
import time
import traceback

try:
    import resource
except ImportError:  # not on Windows
    resource = None

# Lambda ends a function that takes more than its memory. Here it gets a MemoryError a while later:
# the stacks of its threads count in full, whatever they use of them, and Lambda gives it 1,024.
STACK_MB = 1
MEMORY_BEYOND_MB = 512 + 1024 * STACK_MB

# The Runtime API takes a larger header from nobody.
XRAY_CAUSE_BYTES_MAX = 1_000_000

RUNTIME = "/2018-06-01/runtime/"
# A function may set the timeout of all sockets.
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=None)
request_id = ""


class Fault(Exception):
    """The function cannot be called, or its result not be understood."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.trace = list(trace)


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What a handler is told of its invocation."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.client_context = None
        self.identity = Identity()
        self.tenant_id = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def __repr__(self):
        fields = (f"{name}={value}" for name, value in vars(self).items() if name[0] != "_")
        return f"LambdaContext([{','.join(fields)}])"

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class Encoder(json.JSONEncoder):
    """DynamoDB's numbers are Decimals, and what `base64` encodes is bytes."""

    def default(self, value):
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, decimal.Decimal):
            whole = value.is_finite() and value == value.to_integral_value()
            return int(value) if whole else float(value)
        return super().default(value)


class RequestId(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id
        return True


def log_as_lambda_does():
    """The root logger has a handler already: a function sets its level, and that is all."""
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestId())
    logging.getLogger().addHandler(handler)


def keep_within(fence):
    """Names of AWS that are served here lead to the local cloud, all others of AWS nowhere."""
    ports = dict(entry.split("=") for entry in fence.split(","))
    refused = tuple(name for name, port in ports.items() if not port)

    def led(host, port=None):
        text = host.decode() if isinstance(host, (bytes, bytearray)) else host
        name = text.lower().rstrip(".") if isinstance(text, str) else ""
        if ports.get(name):
            return "127.0.0.1", int(ports[name]) if port in (443, "443", "https") else port
        if name.endswith(refused):
            refusal = f"{name} is not served here, and no function reaches the real AWS"
            print(refusal, flush=True)
            raise socket.gaierror(socket.EAI_NONAME, refusal)
        return host, port

    def led_by_name(lookup):
        return lambda host, *others, **named: lookup(led(host)[0], *others, **named)

    def led_to_address(connect):
        def connect_led(self, address):
            if isinstance(address, tuple) and len(address) > 1:
                address = led(address[0], address[1]) + address[2:]
            return connect(self, address)

        return connect_led

    getaddrinfo = socket.getaddrinfo
    socket.getaddrinfo = lambda host, port, *others, **named: getaddrinfo(
        *led(host, port), *others, **named
    )
    socket.gethostbyname = led_by_name(socket.gethostbyname)
    socket.gethostbyname_ex = led_by_name(socket.gethostbyname_ex)
    socket.socket.connect = led_to_address(socket.socket.connect)
    socket.socket.connect_ex = led_to_address(socket.socket.connect_ex)


def call(method, path, body=None, headers=None):
    api.request(method, RUNTIME + path, body, headers or {})
    answer = api.getresponse()
    return answer.headers, answer.read()


def load(handler):
    """The function that `folder/module.function` names."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as e:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {e}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            f"Cannot use built-in module {module_name} as a handler module",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise Fault(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {e}"
        ) from None
    except SyntaxError as e:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {e}",
            [f'  File "{e.filename}" Line {e.lineno}\n    {e.text}'],
        ) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound",
            f"Handler '{function_name}' missing on module '{module_name}'",
        ) from None


def run(handler, event, context):
    """The handler's result as JSON."""
    try:
        value = json.loads(event)
    except ValueError as e:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {e}") from None
    result = handler(value, context)
    if isinstance(result, bytes):
        return result
    try:
        return json.dumps(result, cls=Encoder, ensure_ascii=False).encode()
    except Exception as e:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {e}") from None


def report(path, error):
    """Logs what has failed, and tells it."""
    if isinstance(error, Fault):
        error_type, frames, trace = error.error_type, [], error.trace
    else:
        error_type = type(error).__name__
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        # What importlib does for a module says nothing of it.
        frames = [f for f in frames if not f.filename.startswith("<frozen importlib")]
        trace = traceback.format_list(frames)
    lines = [f"[ERROR] {error_type}: {error}", "Traceback (most recent call last):"]
    lines += [line for element in trace for line in element.splitlines()]
    print("\n".join(lines if trace else lines[:1]), flush=True)
    body = {
        "errorMessage": str(error),
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": trace,
    }
    stack = [{"label": f.name, "path": f.filename, "line": f.lineno} for f in frames]
    cause = json.dumps(
        {
            "working_directory": os.getcwd(),
            "exceptions": [{"message": str(error), "type": error_type, "stack": stack}],
            "paths": sorted({f.filename for f in frames}),
        }
    )
    headers = {"Content-Type": "application/vnd.aws.lambda.error+json"}
    if len(cause) <= XRAY_CAUSE_BYTES_MAX:
        headers["Lambda-Runtime-Function-XRay-Error-Cause"] = cause
    call("POST", path, json.dumps(body), headers)


def serve(handler):
    global request_id
    while True:
        headers, event = call("GET", "invocation/next")
        context = Context(headers)
        request_id = context.aws_request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        path = f"invocation/{request_id}/"
        try:
            result = run(handler, event, context)
        except Exception as e:
            report(path + "error", e)
        else:
            call("POST", path + "response", result, {"Content-Type": "application/json"})


def main():
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    keep_within(sys.argv.pop())
    if resource:
        threading.stack_size(STACK_MB << 20)
        most = (int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) + MEMORY_BEYOND_MB) << 20
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        del sys.modules["resource"]  # a function's module may have that name
    log_as_lambda_does()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as e:
        report("init/error", e)
        sys.exit(1)
    try:
        serve(handler)
    except (http.client.HTTPException, OSError):
        sys.exit(1)  # the local cloud has ended


# What `multiprocessing` starts imports this file, too.
if __name__ == "__main__":
    main()
