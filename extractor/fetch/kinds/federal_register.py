"""x"""

from collections.abc import AsyncGenerator

from extractor.fetch.visit import Visit
from extractor.fetched import Listed


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    raise NotImplementedError
    yield
