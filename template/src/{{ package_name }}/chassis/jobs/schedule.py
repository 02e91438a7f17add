"""Next run of a cron schedule in its time zone, with daylight saving time."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

# Index of the hour field in a cron expression.
_HOURS = 1
# Exceptions for unknown names, depending on the name.
_UNKNOWN = (ZoneInfoNotFoundError, ValueError, OSError)


def zone_of(name: str) -> tzinfo:
    """Time zone by name.

    Args:
        name: Its name, such as `Europe/Berlin`.

    Raises:
        ValueError: If there is no time zone with this name.
    """
    try:
        return ZoneInfo(name)
    except _UNKNOWN:
        raise ValueError(
            f"unknown time zone {name!r}: use an IANA name such as Europe/Berlin"
        ) from None


def next_run(cron: str, zone: tzinfo, after: datetime) -> datetime:
    """Next run of a schedule.

    When clocks are set forward, runs in the skipped hour happen once, after it. When clocks are set
    back, a schedule with fixed hours runs once, in the first of the repeated hours; a schedule for
    every hour runs in both.

    Args:
        cron: Cron expression.
        zone: Time zone of the schedule.
        after: Time after which the next run is searched.

    Returns:
        The time in UTC.
    """
    steps = croniter(cron, after.astimezone(zone), ret_type=datetime)
    moment: datetime = steps.get_next()
    every_hour = croniter.expand(cron)[0][_HOURS] == ["*"]
    while not every_hour and _is_repeated(moment):
        moment = steps.get_next()
    return moment.astimezone(UTC)


def _is_repeated(moment: datetime) -> bool:
    """Whether this is the second occurrence of a local time, after clocks were set back."""
    return moment.utcoffset() != moment.replace(fold=0).utcoffset()
