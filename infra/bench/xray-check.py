#!/usr/bin/env python3
"""Checks the local X-Ray with AWS's own tools; docs/EMULATION.md has a transcript.

The X-Ray SDK for Python writes by UDP; boto3, the AWS CLI and a plain POST, which is what the page
at /_local/traces sends, must read the same, and it must be what the SDK serialized.

    pip install boto3 awscli aws-xray-sdk
    mvn                                        # prints both, in another terminal
    python3 infra/bench/xray-check.py http://localhost:8080/_local/xray 2000
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

os.environ.update(
    AWS_ACCESS_KEY_ID='local', AWS_SECRET_ACCESS_KEY='local', AWS_DEFAULT_REGION='us-east-1', AWS_PAGER=''
)

import boto3  # noqa: E402
from aws_xray_sdk.core import xray_recorder  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

endpoint, port = sys.argv[1], sys.argv[2]
xray = boto3.client('xray', endpoint_url=endpoint)


def step(text):
    print(f'\n# {text}')


def write():
    """Makes the SDK send a segment, and gives it as the SDK serializes it."""
    xray_recorder.configure(daemon_address=f'127.0.0.1:{port}', sampling=False, context_missing='LOG_ERROR')
    segment = xray_recorder.begin_segment('python')
    segment.set_user('ada')
    call = xray_recorder.begin_subsegment('DynamoDB', namespace='aws')
    call.set_aws({'operation': 'Query', 'table_name': 'Books', 'region': 'us-east-1'})
    call.put_annotation('room', 'library')
    call.put_annotation('books', 3)
    call.put_metadata('shelves', [1, 2])
    xray_recorder.end_subsegment()
    failing = xray_recorder.begin_subsegment('shelve')
    try:
        raise ValueError('no such shelf')
    except ValueError as e:
        failing.add_exception(e, [('library.py', 7, 'shelve', 'shelf()')])
    xray_recorder.end_subsegment()
    xray_recorder.end_segment()
    return json.loads(segment.serialize())


def by_boto3(trace_id):
    trace = xray.batch_get_traces(TraceIds=[trace_id])['Traces'][0]
    return [json.loads(segment['Document']) for segment in trace['Segments']]


def by_cli(*arguments):
    out = subprocess.run(
        ['aws', 'xray', *arguments, '--endpoint-url', endpoint, '--output', 'json'],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(out)


def by_page(operation, request):
    post = urllib.request.Request(f'{endpoint}/{operation}', json.dumps(request).encode())
    with urllib.request.urlopen(post) as response:
        return json.load(response)


def await_trace(trace_id):
    for _ in range(200):
        if xray.batch_get_traces(TraceIds=[trace_id])['Traces']:
            return
        time.sleep(0.05)
    sys.exit(f'{trace_id} did not arrive')


step('the X-Ray SDK for Python sends a segment')
sent = write()
trace_id = sent['trace_id']
await_trace(trace_id)
print(f'{trace_id} {sent["id"]} {sent["name"]}: {[s["name"] for s in sent["subsegments"]]}')

step('boto3, the CLI and the page read what it serialized, and the table that X-Ray infers')
documents = by_boto3(trace_id)
cli = by_cli('batch-get-traces', '--trace-ids', trace_id)['Traces'][0]
page = by_page('Traces', {'TraceIds': [trace_id]})['Traces'][0]
assert documents[0] == sent, (documents[0], sent)
assert [json.loads(s['Document']) for s in cli['Segments']] == documents
assert [json.loads(s['Document']) for s in page['Segments']] == documents
assert cli['Duration'] == page['Duration'] and not cli['LimitExceeded']
inferred = documents[1]
assert inferred['inferred'] and inferred['origin'] == 'AWS::DynamoDB::Table', inferred
assert inferred['parent_id'] == sent['subsegments'][0]['id']
for document in documents:
    print(document['id'], document['name'], document.get('origin', ''), document.get('parent_id', ''))

step('filter expressions find it')
now = time.time()
for expression in (
    'annotation.room = "library" AND annotation.books >= 3',
    'service(id(name: "Books", type: "AWS::DynamoDB::Table"))',
    'user = "ada" AND !fault',
    'edge("python", "Books") { ok }',
):
    found = xray.get_trace_summaries(StartTime=now - 60, EndTime=now + 1, FilterExpression=expression)
    assert trace_id in [summary['Id'] for summary in found['TraceSummaries']], expression
    print(f'{len(found["TraceSummaries"])} of {found["TracesProcessedCount"]}: {expression}')
summaries = by_cli(
    'get-trace-summaries', '--start-time', str(int(now - 60)), '--end-time', str(int(now + 1)),
    '--filter-expression', 'annotation.room = "library"',
)['TraceSummaries']
summary = next(summary for summary in summaries if summary['Id'] == trace_id)
print(json.dumps({key: summary[key] for key in ('Id', 'Duration', 'HasFault', 'Annotations', 'EntryPoint')}))

step('the service graph has the program and the table')
services = {
    service['ReferenceId']: service
    for service in xray.get_service_graph(StartTime=now - 60, EndTime=now + 1)['Services']
}
for service in services.values():
    for edge in service['Edges']:
        to, count = services[edge['ReferenceId']], edge['SummaryStatistics']['TotalCount']
        print(f'{service.get("Type")} {service["Name"]} -> {to.get("Type")} {to["Name"]}: {count}')
assert any(s['Name'] == 'Books' and s['Type'] == 'AWS::DynamoDB::Table' for s in services.values())
graph = xray.get_trace_graph(TraceIds=[trace_id])['Services']
assert {s['Name'] for s in graph} == {'python', 'Books'}, graph

step('what breaks a rule is refused with the reason')
answer = xray.put_trace_segments(TraceSegmentDocuments=[
    json.dumps({**sent, 'id': '70de5b6f19ff9a0a', 'subsegments': []}),
    json.dumps({**sent, 'id': '70de5b6f19ff9a0b', 'name': 'a|b'}),
])
assert [u['ErrorCode'] for u in answer['UnprocessedTraceSegments']] == ['InvalidName'], answer
print(answer['UnprocessedTraceSegments'][0]['Message'])
try:
    xray.get_trace_summaries(StartTime=now - 60, EndTime=now, FilterExpression='rootcause.fault.entity { last }')
    sys.exit('a filter expression that is not supported was taken')
except ClientError as e:
    assert e.response['Error']['Code'] == 'InvalidRequestException', e.response
    print(e)

print('\nall agree')
