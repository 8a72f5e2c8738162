"""Evaluates SPF requests with pyspf on DNS data given as JSON.

Standard input: {"zone": {owner: {type: [data, ...]}}, "faults": {owner: word},
"requests": [{"ip", "helo", "from"}]}. Standard output: a JSON list of
[result, explanation], in the order of the requests.
"""
import json
import sys

import spf

job = json.load(sys.stdin)


def lookup(name, qtype, strict=True, timeout=20):
    name = name.lower().rstrip(".")
    if name in job["faults"]:
        raise spf.TempError("DNS " + job["faults"][name])
    answers = []
    for data in job["zone"].get(name, {}).get(qtype, []):
        if qtype in ("TXT", "SPF"):
            data = [data.encode("latin-1")]
        elif qtype == "MX":
            preference, host = data.split(" ")
            data = (int(preference), host)
        answers.append(((name, qtype), data))
    return answers


spf.DNSLookup = lookup
results = []
for r in job["requests"]:
    query = spf.query(i=r["ip"], s=r["from"], h=r["helo"], receiver="mx.example.org", strict=True)
    query.set_default_explanation("")
    result, _, explanation = query.check()
    results.append([result, explanation if result == "fail" else ""])
json.dump(results, sys.stdout)
