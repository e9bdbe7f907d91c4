#!/usr/bin/env python3
"""Talks to parley-local.jar with clients that nobody here wrote; docs/EMULATION.md has a transcript.

wscat, reconnecting-websocket and Python's websockets connect, plainly and by TLS; boto3, the AWS CLI
and the AWS SDK for JavaScript ask for connections, send to them and close them, and must know each
error by its type.

    mvn -DskipTests -pl infra/tool -am package
    pip install boto3 awscli websockets
    npm install --prefix /tmp/clients wscat ws reconnecting-websocket @aws-sdk/client-apigatewaymanagementapi
    python3 infra/tool/clients-check.py infra/tool/target/parley-local.jar /tmp/clients/node_modules
"""

import asyncio
import json
import os
import pathlib
import pty
import ssl
import subprocess
import sys
import tempfile

import boto3
import websockets
from botocore.exceptions import ClientError

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: dev
      Routes:
        $connect: {FunctionArn: !GetAtt Fn.Arn}
        $default: {FunctionArn: !GetAtt Fn.Arn, RouteResponseSelectionExpression: $default}
  Reply:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        import json
        names = {}

        def handler(event, context):
            connection = event["requestContext"]["connectionId"]
            if event["requestContext"]["eventType"] == "CONNECT":
                names[connection] = event["headers"].get("X-Name", "nobody")
                offered = event["headers"].get("Sec-WebSocket-Protocol")
                return {"statusCode": 200,
                        "headers": {"Sec-WebSocket-Protocol": offered} if offered else {}}
            told = {"to": names.get(connection), "id": connection, "said": event["body"]}
            return {"statusCode": 200, "body": json.dumps(told)}
"""

jar, modules = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
folder = pathlib.Path(tempfile.mkdtemp())
(folder / 'template.yaml').write_text(TEMPLATE)
cloud = subprocess.Popen(
    ['java', '-jar', jar, 'template.yaml', '--port=0', '--xray-port=0', '--functions-max=1', f'--tls={folder}'],
    cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
)
port = next(line for line in cloud.stdout if 'is ready' in line).split('localhost:')[1].split('/')[0]
plain, secure = f'ws://localhost:{port}/dev', f'wss://localhost:{port}/dev'
https, pem = f'https://localhost:{port}/dev', str(folder / 'localhost.pem')
os.environ.update(
    AWS_ACCESS_KEY_ID='local', AWS_SECRET_ACCESS_KEY='local', AWS_DEFAULT_REGION='us-east-1', AWS_REGION='us-east-1',
    AWS_PAGER='', AWS_CA_BUNDLE=pem, NODE_EXTRA_CA_CERTS=pem, NODE_PATH=str(modules), NODE_NO_WARNINGS='1',
)


def step(text):
    print(f'\n# {text}', flush=True)


def run(*command):
    """What a program prints; its standard input stays open, since wscat ends with it."""
    reader, writer = os.pipe()
    done = subprocess.run(command, capture_output=True, text=True, stdin=reader, timeout=60)
    os.close(reader)
    os.close(writer)
    return (done.stdout + done.stderr).strip()


def wscat(url, *options):
    step(' '.join(('wscat -c', url.replace(port, '8080'), *options)).replace(str(folder), '~/.parley'))
    answer = run(modules / '.bin' / 'wscat', '-c', url, *options, '-w', '3')
    print(answer.replace(str(folder), '~/.parley'))
    return answer


def error(code, call):
    """What a client has called an error must be its type."""
    try:
        call()
    except ClientError as e:
        assert e.response['Error']['Code'] == code, e
        print(f'{type(e).__name__}: {e}')
    else:
        raise AssertionError(f'no {code}')


async def connections():
    trusted = ssl.create_default_context(cafile=pem)
    step('websockets, by wss')
    async with websockets.connect(secure, ssl=trusted, additional_headers={'X-Name': 'Ada'}) as socket:
        await socket.send('hello')
        told = json.loads(await socket.recv())
        print(told['to'], told['said'])
        assert (told['to'], told['said']) == ('Ada', 'hello')
        connection = told['id']

        step('boto3')
        api = boto3.client('apigatewaymanagementapi', endpoint_url=https)
        other = boto3.client('apigatewaymanagementapi', endpoint_url=https + '2')
        await asyncio.to_thread(api.post_to_connection, ConnectionId=connection, Data=b'from boto3')
        print(await socket.recv())
        print(sorted(api.get_connection(ConnectionId=connection)))
        gone = connection[:-2] + ('A=' if connection[-2] != 'A' else 'B=')
        error('GoneException', lambda: api.post_to_connection(ConnectionId=gone, Data=b'x'))
        error('BadRequestException', lambda: api.post_to_connection(ConnectionId='x', Data=b'x'))
        error('PayloadTooLargeException',
              lambda: api.post_to_connection(ConnectionId=connection, Data=b'x' * 131073))
        error('ForbiddenException', lambda: other.get_connection(ConnectionId=connection))

        step('aws apigatewaymanagementapi')
        aws = ('aws', 'apigatewaymanagementapi')
        to = ('--connection-id', connection, '--endpoint-url', https)
        print(run(*aws, 'post-to-connection', '--data', 'from the CLI', *to))
        print(await socket.recv())
        print(run(*aws, 'get-connection', *to, '--query', 'Identity.SourceIp'))

        step('AWS SDK for JavaScript')
        print(run('node', '-e', """
            const { ApiGatewayManagementApi, GoneException } =
              require('@aws-sdk/client-apigatewaymanagementapi');
            const [endpoint, ConnectionId, gone] = process.argv.slice(1);
            const api = new ApiGatewayManagementApi({ endpoint });
            (async () => {
              await api.postToConnection({ ConnectionId, Data: 'from JavaScript' });
              const refused = await api.getConnection({ ConnectionId: gone }).catch((e) => e);
              console.log(refused instanceof GoneException, refused.name, refused.$metadata.httpStatusCode);
              await api.deleteConnection({ ConnectionId });
            })();
        """, https, connection, gone))
        print(await socket.recv())
        try:
            await socket.recv()
        except websockets.ConnectionClosed as e:
            print('closed:', e.rcvd.code, e.rcvd.reason)


step('reconnecting-websocket, whose connection is deleted')
RECONNECTING = """
    const Reconnecting = require('reconnecting-websocket');
    const { ApiGatewayManagementApi } = require('@aws-sdk/client-apigatewaymanagementapi');
    const [url, endpoint] = process.argv.slice(1);
    const socket = new Reconnecting(url, [], { WebSocket: require('ws'), minReconnectionDelay: 100 });
    const api = new ApiGatewayManagementApi({ endpoint });
    const ids = new Set();
    socket.onopen = () => socket.send('who am I?');
    socket.onmessage = ({ data }) => {
      const { id } = JSON.parse(data);
      ids.add(id);
      if (ids.size === 2) {
        console.log('connected again, as another');
        process.exit(0);
      }
      api.deleteConnection({ ConnectionId: id });
    };
"""
try:
    print(run('node', '-e', RECONNECTING, secure, https))
    assert '"said": "hi"' in wscat(plain, '-x', 'hi')
    assert '"to": "Bob"' in wscat(secure, '--ca', pem, '-H', 'X-Name: Bob', '-x', '{"action": "x"}')
    assert '"said": "hi"' in wscat(plain, '-s', 'chat.v1', '-x', 'hi')
    asyncio.run(connections())
    step('wscat --slash')
    screen, terminal = pty.openpty()
    wscat_in_terminal = subprocess.Popen(
        [modules / '.bin' / 'wscat', '-c', plain, '--slash', '-P', '--no-color'], stdin=terminal, stdout=terminal
    )
    shown = ''
    for until, typed in (('Connected', '/ping\n'), ('pong', '/close 1000\n'), ('Disconnected', '')):
        while until not in shown:
            shown += os.read(screen, 1000).decode()
        os.write(screen, typed.encode())
        print(until)
    wscat_in_terminal.wait()
    print('\nall agree')
finally:
    cloud.terminate()
    cloud.wait()
