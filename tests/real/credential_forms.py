"""Prints the access key that botocore signs with in this environment; nothing where it refuses."""

from botocore.session import Session

try:
    print(Session().get_credentials().get_frozen_credentials().access_key)
# whatever it is that it refuses by
except Exception as error:
    print()
    raise SystemExit(f"{type(error).__name__}: {error}")
