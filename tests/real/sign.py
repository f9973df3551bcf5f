"""Signs with botocore what the tests ask for: one JSON object a line in, one `Authorization` value a line out.

The query is given to botocore as decoded pairs, so that it does the encoding itself; `as_written` leaves it in the URL.
"""

import datetime
import json
import sys
from unittest import mock
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(call):
    url, params = call["url"], None
    if not call["as_written"]:
        parts = urlsplit(url)
        params = parse_qsl(parts.query, keep_blank_values=True)
        url = urlunsplit(parts._replace(query=""))
    request = AWSRequest(call["method"], url, params=params)
    request.headers["Host"] = call["host"]
    for name, value in call["headers"]:
        request.headers.add_header(name, value)
    signer = auth.SigV4Auth(Credentials(call["key"], call["secret"], call["token"]), "execute-api", call["region"])
    at = datetime.datetime.fromtimestamp(call["at"], datetime.timezone.utc)
    with mock.patch.object(auth, "get_current_datetime", lambda: at):
        signer.add_auth(request)
    return request.headers["Authorization"]


for line in sys.stdin:
    print(sign(json.loads(line)))
