"""What every section of a configuration is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A closed, immutable group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
