# Speaks for dkimpy: reads one JSON request a line, answers one JSON line.
#   {"verify": base64 message, "txt": {name: record}}          -> {"cv": ..., "reason": ...}
#   {"sign": base64 message, "key": PEM, "domain", "selector", "srv_id", "alg"} -> {"set": base64}
import base64
import json
import sys

import dkim


def answer(req):
    if "verify" in req:
        records = req["txt"]

        def txt(name, timeout=5):
            return records[name.decode("ascii").rstrip(".")].encode("ascii")

        cv, _, reason = dkim.arc_verify(base64.b64decode(req["verify"]), dnsfunc=txt)
        return {"cv": cv.decode("ascii"), "reason": reason}
    lines = dkim.arc_sign(
        base64.b64decode(req["sign"]),
        req["selector"].encode("ascii"),
        req["domain"].encode("ascii"),
        req["key"].encode("ascii"),
        req["srv_id"].encode("ascii"),
        req["alg"].encode("ascii"),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )
    return {"set": base64.b64encode(b"".join(lines)).decode("ascii")}


for line in sys.stdin:
    try:
        out = answer(json.loads(line))
    except Exception as e:
        out = {"error": "%s: %s" % (type(e).__name__, e)}
    print(json.dumps(out), flush=True)
