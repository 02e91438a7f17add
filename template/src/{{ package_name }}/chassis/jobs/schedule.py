"""When a schedule is due, in the time zone that it means and whenever the clocks change there."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

# Where an expression says the hours.
_HOURS = 1
# What a name that is none gives, depending on what it looks like.
_UNKNOWN = (ZoneInfoNotFoundError, ValueError, OSError)


def zone_of(name: str) -> tzinfo:
    """Find a time zone.

    Args:
        name: Its name, such as `Europe/Berlin`.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except _UNKNOWN:
        raise ValueError(
            f"there is no time zone {name!r}: write it as in Europe/Berlin or UTC"
        ) from None


def next_run(cron: str, zone: tzinfo, after: datetime) -> datetime:
    """When a schedule is due next.

    What falls into the hour that is left out when clocks are put forward is due once, when that
    is over. When they are put back, a schedule that names its hours is due once, the first time;
    one for every hour goes on in the hour that comes twice.

    Args:
        cron: The schedule.
        zone: Where the clock hangs that it means.
        after: The moment that it is later than.

    Returns:
        The moment, in UTC.
    """
    steps = croniter(cron, after.astimezone(zone), ret_type=datetime)
    moment: datetime = steps.get_next()
    every_hour = croniter.expand(cron)[0][_HOURS] == ["*"]
    while not every_hour and _comes_again(moment):
        moment = steps.get_next()
    return moment.astimezone(UTC)


def _comes_again(moment: datetime) -> bool:
    """Whether the clock has shown this time before, and was put back since."""
    return moment.utcoffset() != moment.replace(fold=0).utcoffset()
