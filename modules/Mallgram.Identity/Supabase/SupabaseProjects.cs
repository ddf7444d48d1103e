using System.Security.Cryptography;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;

namespace Mallgram.Identity.Supabase;

/// <summary>A row of <c>identity.supabase_projects</c>.</summary>
/// <param name="Issuer">Claim <c>iss</c> of its tokens, without a slash at the end: <c>https://&lt;ref&gt;.supabase.co/auth/v1</c>.</param>
/// <param name="Audience">Claim <c>aud</c> of its tokens.</param>
/// <param name="Secret">Signs HS256 tokens; null: only keys of the key set do. Never logged.</param>
/// <param name="ConfirmsAddresses">Its tokens carry no address that was not proven.</param>
/// <param name="AllowsStaff">
/// People who work for the store sign in by it too. Otherwise its tokens are good for customers and affiliates only: whoever administers
/// the project could sign in as anybody it knows.
/// </param>
internal sealed record SupabaseProject(
    string Issuer, string Audience, string? Secret, bool ConfirmsAddresses, bool AllowsStaff, DateTimeOffset UpdatedAt)
{
    // The generated text would show the secret.
    public override string ToString() => Issuer;
}

/// <summary>What requests need again and again, at most five seconds old: projects by store, people by foreign identity.</summary>
internal sealed class SupabaseCache : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = 50_000 });

    public bool TryGet<T>(object key, out T? value) => _cache.TryGetValue(key, out value);

    public T Keep<T>(object key, T value) =>
        _cache.Set(key, value, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Fresh, Size = 1 });

    public void Forget(object key) => _cache.Remove(key);

    public void Dispose() => _cache.Dispose();
}

/// <summary>The Supabase project whose tokens the current store accepts.</summary>
internal sealed partial class SupabaseProjects(
    StoreDatabase database, StoreScope scope, SupabaseCache cache, IDataProtectionProvider protection, ILogger<SupabaseProjects> logger)
{
    /// <summary>Null when the store names none. At most five seconds old.</summary>
    public async ValueTask<SupabaseProject?> FindAsync(CancellationToken ct) =>
        cache.TryGet(scope.StoreId, out SupabaseProject? known) ? known : cache.Keep(scope.StoreId, await ReadAsync(ct));

    /// <summary>As it is stored now.</summary>
    public async Task<SupabaseProject?> ReadAsync(CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select issuer, audience, jwt_secret, confirms_addresses, allows_staff, updated_at from identity.supabase_projects where store_id = $1
            """,
            Sql.Uuid(scope.StoreId)));
        var row = answer.Rows;
        return await row.ReadAsync(ct)
            ? new SupabaseProject(
                row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : Unseal(row.GetString(2)), row.GetBoolean(3), row.GetBoolean(4),
                row.GetFieldValue<DateTimeOffset>(5))
            : null;
    }

    public async Task SaveAsync(SupabaseProject project, CancellationToken ct)
    {
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into identity.supabase_projects (store_id, issuer, audience, jwt_secret, confirms_addresses, allows_staff)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (store_id) do update set issuer = excluded.issuer, audience = excluded.audience, jwt_secret = excluded.jwt_secret,
                confirms_addresses = excluded.confirms_addresses, allows_staff = excluded.allows_staff
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(project.Issuer), Sql.Text(project.Audience),
            Sql.Text(project.Secret is { } secret ? Protector().Protect(secret) : null), Sql.Bool(project.ConfirmsAddresses), Sql.Bool(project.AllowsStaff)));
        cache.Forget(scope.StoreId);
    }

    /// <returns>False when there was none.</returns>
    public async Task<bool> RemoveAsync(CancellationToken ct)
    {
        var removed = await database.ExecuteAsync(
            ct, Sql.Command("delete from identity.supabase_projects where store_id = $1", Sql.Uuid(scope.StoreId)));
        cache.Forget(scope.StoreId);
        return removed > 0;
    }

    // The store is part of the purpose: a secret copied to another store's row does not open there.
    private IDataProtector Protector() => protection.CreateProtector("Mallgram.Identity.Supabase", scope.StoreId.ToString("N"));

    private string? Unseal(string text)
    {
        try
        {
            return Protector().Unprotect(text);
        }
        catch (CryptographicException e)
        {
            LogSealed(e, scope.StoreId);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "The Supabase secret of store {StoreId} cannot be unsealed: the key ring lacks its key. Set the secret again")]
    private partial void LogSealed(Exception e, Guid storeId);
}
