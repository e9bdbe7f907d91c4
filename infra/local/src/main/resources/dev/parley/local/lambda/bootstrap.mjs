/**
 * Runs a function in Node 18 or newer under the Lambda Runtime API, as Lambda's runtime does.
 *
 * What it does is `aws-lambda-ric`'s, Lambda's own client for Node: how a handler is found, what its
 * context has, when an invocation with a callback ends, and what is reported of what fails. The
 * handler's name is in `_HANDLER`, its code in `LAMBDA_TASK_ROOT`, and the layers' in `NODE_PATH`. The
 * argument says which names of AWS lead where: see `Fence`.
 *
 * Unlike AWS: what is printed gets no prefix of time and request id.
 */
import fs from 'node:fs';
// By name, and so as they are, whatever a function puts in their place.
import { Agent, request as httpRequest } from 'node:http';
import modules, { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';

/** The Runtime API takes a larger header from nobody. */
const XRAY_CAUSE_BYTES_MAX = 1_000_000;

/** From here on a handler takes no callback, and what it returns is its result. */
const WITHOUT_CALLBACK = 24;

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const root = process.env.LAMBDA_TASK_ROOT;
const version = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? '')?.[1] ?? 0);

/** Where what fails is told of: null while nothing is asked of the function. */
let failurePath = 'init/error';

/** Called once nothing is left to do but to end. */
let drained = null;

function call(method, of, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host, port, agent, method, path: `/2018-06-01/runtime/${of}`, headers },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** An error as Lambda names it. */
function fault(name, message, stack) {
  const error = new Error(message);
  error.name = name;
  error.stack = stack ?? `${name}: ${message}`;
  return error;
}

/** The function that `folder/module.function` names. */
async function load(handler) {
  if (handler.includes('..')) {
    throw fault(
      'Runtime.MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root`
        + ' directories in handler names.');
  }
  const parts = /^([^.]*)\.(.*)$/.exec(path.basename(handler));
  if (!parts) {
    throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  }
  const [, name, member] = parts;
  const module = await loadModule(path.resolve(root, path.dirname(handler), name), name);
  const within = (object) => member.split('.').reduce((value, key) => value?.[key], object);
  // Of CommonJS the exports are the default, and may have a default of their own.
  const found = [module, module.default].map(within);
  const callable = found.find((one) => typeof one === 'function');
  if (!callable) {
    const none = found.every((one) => one === undefined);
    throw fault(
      'Runtime.HandlerNotFound', `${handler} is ${none ? 'undefined or not exported' : 'not a function'}`);
  }
  return callable;
}

async function loadModule(file, name) {
  try {
    for (const extension of ['', '.js', '.mjs', '.cjs']) {
      if (fs.statSync(file + extension, { throwIfNoEntry: false })?.isFile()) {
        return await import(pathToFileURL(file + extension).href);
      }
    }
    const require = createRequire(path.join(root, 'index.js'));
    return await import(pathToFileURL(require.resolve(name, { paths: [root] })).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw fault('Runtime.UserCodeSyntaxError', String(error), error.stack);
    }
    if (error?.code === 'MODULE_NOT_FOUND') {
      throw fault('Runtime.ImportModuleError', String(error), error.stack);
    }
    throw error;
  }
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/**
 * Ends with the handler's promise or its callback, whichever comes first, or once it leaves nothing
 * to be waited for.
 */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const modern = version >= WITHOUT_CALLBACK;
    drained = () =>
      modern || types.isAsyncFunction(handler)
        ? reject(fault(
            'Runtime.NodeJsExit',
            'The function has nothing left to do, and its promise was never settled.'))
        : resolve(null);
    if (modern) {
      Promise.resolve(handler(event, context)).then(resolve, reject);
      return;
    }
    let called = false;
    const once = (then) => (...values) => {
      if (!called) {
        called = true;
        then(...values);
      }
    };
    const done = (error, result) => (error == null ? resolve(result) : reject(error));
    context.done = once(done);
    context.succeed = once(resolve);
    context.fail = once((error) => reject(error ?? 'handled'));
    const callback = once((error, result) => {
      if (error == null && context.callbackWaitsForEmptyEventLoop) {
        drained = () => resolve(result);
      } else {
        done(error, result);
      }
    });
    const returned = handler(event, context, callback);
    if (typeof returned?.then === 'function') {
      returned.then(context.succeed, context.fail);
    }
  });
}

function encoded(result) {
  let json;
  try {
    json = JSON.stringify(result);
  } catch {
    throw fault('Runtime.JSONStringifyError', 'Unable to stringify response body');
  }
  return json ?? 'null';
}

/** What Lambda is told of whatever was thrown. */
function described(error) {
  return error instanceof Error
    ? {
        errorType: String(error.name),
        errorMessage: String(error.message),
        trace: String(error.stack ?? '')
          .split('\n')
          .filter((line) => !line.includes(import.meta.url)),
      }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function xrayCause({ errorType, errorMessage, trace }) {
  const stack = trace
    .map((line) => /^\s*at (?:(.*?) \()?(?:file:\/\/)?([^()]+?):(\d+):\d+\)?$/.exec(line))
    .filter((frame) => frame !== null && !frame[2].startsWith('node:'))
    .map(([, label, file, line]) => ({ label: label ?? 'anonymous', path: file, line: Number(line) }));
  return JSON.stringify({
    working_directory: process.cwd(),
    exceptions: [{ type: errorType, message: errorMessage, stack }],
    paths: [...new Set(stack.map((frame) => frame.path))],
  }).replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Logs what has failed, and tells it. */
async function report(of, error) {
  const description = described(error);
  console.error(
    `ERROR ${description.trace.join('\n') || `${description.errorType}: ${description.errorMessage}`}`);
  const cause = xrayCause(description);
  await call('POST', of, JSON.stringify(description), {
    'content-type': 'application/vnd.aws.lambda.error+json',
    ...(cause.length <= XRAY_CAUSE_BYTES_MAX && {
      'lambda-runtime-function-xray-error-cause': cause,
    }),
  });
}

/** What nobody has caught ends the process, as on AWS. */
async function end(error, status) {
  const of = failurePath;
  failurePath = null;
  try {
    if (of) {
      await report(of, error);
    } else {
      console.error(error);
    }
  } finally {
    process.exit(status);
  }
}

async function serve(handler) {
  for (;;) {
    failurePath = null;
    const next = await call('GET', 'invocation/next').catch(() => process.exit(1));
    const context = contextOf(next.headers);
    const of = `invocation/${context.awsRequestId}/`;
    process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'];
    failurePath = `${of}error`;
    let result;
    try {
      result = encoded(await run(handler, JSON.parse(next.body), context));
    } catch (error) {
      drained = null;
      await report(`${of}error`, error);
      continue;
    }
    drained = null;
    await call('POST', `${of}response`, result, { 'content-type': 'application/json' });
  }
}

/**
 * Packages of layers are for modules, too. Node looks for a module's packages only in folders above
 * the file that imports it: so each folder of `NODE_PATH` is asked as if that file were beside it.
 */
function findInLayers() {
  const beside = (process.env.NODE_PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.basename(folder) === 'node_modules')
    .map((folder) => pathToFileURL(path.join(folder, '..', 'index.js')).href);
  if (beside.length > 0) {
    // Before 18.19 Node had no hooks.
    modules.register?.(`data:text/javascript,${encodeURIComponent(`
      export async function resolve(name, context, next) {
        let missing;
        for (const parentURL of [context.parentURL, ...${JSON.stringify(beside)}]) {
          try {
            return await next(name, { ...context, parentURL });
          } catch (error) {
            missing ??= error;
            if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/^[@\\w]/.test(name)) {
              break;
            }
          }
        }
        throw missing;
      }`)}`);
  }
}

/** Names of AWS that are served here lead to the local cloud, all others of AWS nowhere. */
function keepWithin(fence) {
  const ports = new Map(fence.split(',').map((entry) => entry.split('=')));
  const refused = [...ports.keys()].filter((name) => ports.get(name) === '');
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...given) {
    // As `net.connect` and `tls.connect` hand them over, or as they may be given here.
    const list = Array.isArray(given[0]) ? given[0] : given;
    const [first, second] = list;
    const named = typeof first === 'object' && first !== null;
    const to = named ? first : { port: first, host: typeof second === 'string' ? second : undefined };
    const name = String(to.host ?? '').toLowerCase().replace(/\.$/, '');
    if (ports.get(name)) {
      const port = Number(to.port) === 443 ? Number(ports.get(name)) : to.port;
      const here = { ...(named && first), host: '127.0.0.1', port };
      const listener = list.findLast((one) => typeof one === 'function');
      return connect.call(this, here, listener);
    }
    if (refused.some((end) => name.endsWith(end))) {
      const refusal = `${name} is not served here, and no function reaches the real AWS`;
      console.error(refusal);
      process.nextTick(() => 
        this.destroy(Object.assign(new Error(refusal), { code: 'ENOTFOUND' })));
      return this;
    }
    return connect.apply(this, given);
  };
}

process.on('beforeExit', () => drained?.());
process.on('uncaughtException', (error) => end(error, 129));
process.on('unhandledRejection', (reason) =>
  end(fault('Runtime.UnhandledPromiseRejection', String(reason), reason?.stack), 128));

async function main() {
  keepWithin(process.argv.pop());
  findInLayers();
  let handler;
  try {
    handler = await load(process.env._HANDLER);
    if (version >= WITHOUT_CALLBACK && handler.length >= 3) {
      throw fault(
        'Runtime.CallbackHandlerDeprecated',
        'From nodejs24.x on Lambda calls no handler that takes a callback: make it async.');
    }
  } catch (error) {
    await report(failurePath, error);
    process.exit(1);
  }
  await serve(handler);
}

// Not awaited here: a module that is not done yet would end the process once nothing is left to do.
main();
