"""What the tests share: the command line called in this process, and the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sites import Desk, Site, running

from extractor.cli import main

Command = Callable[..., Result]


@pytest.fixture
def extractor() -> Command:
    """extractor("run", folder, "--db", path, stdin=b"…") → exit_code, stdout, stderr."""
    def call(*arguments: str | Path | int, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin, prog_name="extractor")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture(scope="session")
def nlp():
    """The pipeline that ships with the package."""
    from extractor import model

    return model.load()


@pytest.fixture(scope="session")
def rules():
    """The pipeline without its reader: what vocabulary and rules do by themselves."""
    import spacy

    from extractor import model
    from extractor.resources import resource

    return spacy.load(resource("models") / model.NAME, exclude=["reader"])


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on 127.0.0.1 without pages."""
    site = Site()
    with running(site.server):
        yield site


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Where to fetch to."""
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    (tmp_path / "made.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return tmp_path / "made.pem", tmp_path / "key.pem"
