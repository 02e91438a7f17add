"""Settings of the depot, of every kind."""

from enum import Enum
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from .chassis.settings import ChassisSettings, Port, Positive


class Currency(Enum):
    """Currencies in which the depot sends invoices."""

    EUR = "EUR"
    USD = "USD"
    CHF = "CHF"


class Mail(BaseModel):
    """Server for outgoing mail."""

    host: str = "127.0.0.1"
    port: Port = 25


class DepotSettings(ChassisSettings):
    """Settings of the depot."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    depot: str = Field(
        description="Name of the depot that parcels leave from.",
    )
    carrier_token: SecretStr = Field(
        default=SecretStr("for-development"),
        description="Token for the carrier's API.",
    )
    label_folder: Path = Field(
        default=Path("labels"),
        description="Folder for uploaded labels.",
    )
    label_footer: str | None = Field(
        default=None,
        description="Last line of each label; none by default.",
    )
    label_copies: Positive = Field(
        default=1,
        description="How many times each label is printed.",
    )
    currency: Currency = Field(
        default=Currency.EUR,
        description="Currency of invoices.",
    )
    countries: list[str] = Field(
        default=["DE", "AT"],
        description="Countries that the depot delivers to.",
    )
    mail: Mail = Field(
        default=Mail(),
        description="Server for outgoing mail.",
    )
    surcharges: dict[str, int] = Field(
        default={"CH": 5},
        description="Surcharge in percent, by country.",
    )
