"""What must hold of attention."""

from netspec.vocabulary.properties.attention.decaying import RETENTION, WKV
from netspec.vocabulary.properties.attention.exact import FLASH, GROUPED, MULTI_QUERY
from netspec.vocabulary.properties.attention.kernels import LINEAR
from netspec.vocabulary.properties.attention.placed import AXIAL, DISENTANGLED, PERCEIVER
from netspec.vocabulary.properties.attention.usual import CACHE, CROSS, MULTI_HEAD, SELF

TERMS = (
    SELF,
    CROSS,
    MULTI_HEAD,
    GROUPED,
    MULTI_QUERY,
    FLASH,
    LINEAR,
    AXIAL,
    PERCEIVER,
    CACHE,
    RETENTION,
    WKV,
    DISENTANGLED,
)
