using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.Caching.Memory;

namespace Mallgram.Identity.Access;

/// <summary>
/// Roles of active staff as the database has them, so that a changed role or a disabled account counts within seconds and not only when
/// the access token ends.
/// </summary>
internal sealed class StaffRoles : IDisposable
{
    /// <summary>How old an answer may be.</summary>
    public static readonly TimeSpan OldestAnswer = TimeSpan.FromSeconds(5);

    // Only people with a genuine staff token get here, but the limit costs nothing.
    private readonly MemoryCache _roles;
    private readonly TimeProvider _clock;

    public StaffRoles(TimeProvider clock)
    {
        _clock = clock;
        _roles = new MemoryCache(new MemoryCacheOptions { SizeLimit = 10_000 });
    }

    /// <summary>Role of a person of the scope's store; null when they are disabled, erased, gone or no staff.</summary>
    public async ValueTask<string?> FindAsync(StoreDatabase database, StoreScope scope, Guid userId, CancellationToken ct)
    {
        var key = (scope.StoreId, userId);
        var now = _clock.GetUtcNow();
        if (_roles.TryGetValue(key, out Known? known) && known!.ReadAt <= now && now - known.ReadAt < OldestAnswer)
        {
            return known.Role;
        }

        string? role;
        await using (var answer = await database.QueryAsync(ct, Sql.Command(
            "select role from identity.users where store_id = $1 and id = $2 and status = 'active'", Sql.Uuid(scope.StoreId), Sql.Uuid(userId))))
        {
            role = await answer.Rows.ReadAsync(ct) ? answer.Rows.GetString(0) : null;
        }

        _roles.Set(key, new Known(role, now), new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = OldestAnswer, Size = 1 });
        return role;
    }

    /// <summary>Makes a change count at once in this process.</summary>
    public void Forget(Guid storeId, Guid userId) => _roles.Remove((storeId, userId));

    public void Dispose() => _roles.Dispose();

    private sealed record Known(string? Role, DateTimeOffset ReadAt);
}
