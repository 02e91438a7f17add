"""Authentication, and guards that restrict routes to users or roles.

Use a guard on a route, a controller or a router:

    @get("/mine", guards=[requires_login])
    async def mine(current_user: CurrentUser) -> ...: ...

    @delete("/theirs", guards=[requires_role("admin")])
    async def theirs() -> ...: ...
"""

from ...db.users import User
from .guards import CurrentUser, requires_login, requires_role

__all__ = ["CurrentUser", "User", "requires_login", "requires_role"]
