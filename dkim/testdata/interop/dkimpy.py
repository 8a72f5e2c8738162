# Signs and verifies with dkimpy. Arguments: the key records (name TAB text, one a
# line), an RSA key in PEM, an Ed25519 seed in base64. Standard input, one a line:
#   verify FILE
#   sign FILE ALGORITHM HEADER BODY OUTPUT
# Answers "FILE pass", "FILE fail", "OUTPUT ok" or "OUTPUT error ...".
import sys

try:
    import dkim
except ImportError:
    print("missing")
    sys.exit(0)
try:
    import nacl  # noqa: F401  dkimpy needs it for Ed25519
    print("ready rsa ed25519", flush=True)
except ImportError:
    print("ready rsa", flush=True)

records = {}
for line in open(sys.argv[1], "rb"):
    name, _, text = line.rstrip(b"\n").partition(b"\t")
    records[name + b"."] = text
keys = {b"rsa": open(sys.argv[2], "rb").read(), b"ed25519": open(sys.argv[3], "rb").read()}


def txt(name, timeout=5):
    if isinstance(name, str):
        name = name.encode()
    return records.get(name if name.endswith(b".") else name + b".")


for line in sys.stdin.buffer:
    word, path, *rest = line.split()
    message = open(path, "rb").read()
    if word == b"verify":
        try:
            good = dkim.verify(message, dnsfunc=txt)
        except Exception as e:
            good = False
            sys.stderr.write("%s: %r\n" % (path.decode(), e))
        print(path.decode(), "pass" if good else "fail", flush=True)
        continue
    algorithm, header, body, output = rest
    try:
        field = dkim.sign(
            message, algorithm, b"example.com", keys[algorithm], canonicalize=(header, body),
            signature_algorithm=algorithm + b"-sha256", include_headers=[b"from", b"to", b"subject", b"date", b"from"])
        with open(output, "wb") as f:
            f.write(field + message)
        print(output.decode(), "ok", flush=True)
    except Exception as e:
        print(output.decode(), "error", repr(e), flush=True)
