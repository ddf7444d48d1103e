using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>
/// The store's access token: made from the authorisation code at first, renewed when four fifths of its life are over, kept sealed in the
/// database. However many calls ask at once, one of them fetches.
/// </summary>
internal sealed partial class AliExpressTokens(
    AliExpressClient client,
    StoreDatabase database,
    StoreScope scope,
    IDataProtectionProvider protection,
    IOptions<AliExpressOptions> options,
    TimeProvider clock,
    ILogger<AliExpressTokens> logger) : IDisposable
{
    private readonly IDataProtector _protector = protection.CreateProtector("Mallgram.Sourcing.SupplierTokens");
    private readonly SemaphoreSlim _single = new(1, 1);
    private Tokens? _current;

    private sealed record Tokens(string Access, string Refresh, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt);

    /// <param name="refused">A token that the platform has just refused; another one is fetched if it is still the current one.</param>
    /// <exception cref="SupplierException"><see cref="SupplierFault.Refused"/>: the account must be authorised anew.</exception>
    public async Task<string> GetAsync(string? refused, CancellationToken ct)
    {
        if (_current is { } current && current.Access != refused && clock.GetUtcNow() < current.RenewAt)
        {
            return current.Access;
        }

        await _single.WaitAsync(ct);
        try
        {
            _current ??= await LoadAsync(ct);
            if (_current is null || _current.Access == refused || clock.GetUtcNow() >= _current.RenewAt)
            {
                _current = await FetchAsync(_current, refused, ct);
            }

            return _current.Access;
        }
        finally
        {
            _single.Release();
        }
    }

    public void Dispose() => _single.Dispose();

    private async Task<Tokens> FetchAsync(Tokens? known, string? refused, CancellationToken ct)
    {
        if (known is not null)
        {
            try
            {
                return await RequestAsync("/auth/token/refresh", ("refresh_token", known.Refresh), ct);
            }
            catch (SupplierException e) when (e.Fault == SupplierFault.Unavailable && known.Access != refused && clock.GetUtcNow() < known.ExpiresAt)
            {
                // It still serves; the next call tries to renew it again.
                LogRenewalFailed(e.Code);
                return known with { RenewAt = clock.GetUtcNow().AddMinutes(1) };
            }
            catch (SupplierException e) when (e.Fault is SupplierFault.Refused or SupplierFault.TokenRefused
                && options.Value.AuthorizationCode.Length > 0)
            {
                // The refresh token is spent; perhaps the account was authorised anew.
                LogRenewalFailed(e.Code);
            }
        }

        if (options.Value.AuthorizationCode.Length == 0)
        {
            throw new SupplierException(
                SupplierFault.Refused, "not_authorised", "No usable token: authorise the account and set Sourcing:AliExpress:AuthorizationCode.");
        }

        return await RequestAsync("/auth/token/create", ("code", options.Value.AuthorizationCode), ct);
    }

    private async Task<Tokens> RequestAsync(string path, (string Name, string Value) parameter, CancellationToken ct)
    {
        using var answer = await client.CallSystemAsync(path, ct, parameter);
        string access, refresh;
        TimeSpan lifetime;
        try
        {
            (access, refresh, lifetime) = AliExpressWire.Tokens(answer.RootElement);
        }
        catch (JsonException e)
        {
            throw new SupplierException(SupplierFault.Unreadable, "unreadable_answer", $"{path}: {e.Message}", e);
        }

        var now = clock.GetUtcNow();
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into sourcing.supplier_tokens (store_id, supplier, sealed_access_token, sealed_refresh_token, obtained_at, expires_at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (store_id, supplier) do update set sealed_access_token = excluded.sealed_access_token,
                sealed_refresh_token = excluded.sealed_refresh_token, obtained_at = excluded.obtained_at, expires_at = excluded.expires_at
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(AliExpressSupplier.SupplierCode), Sql.Text(_protector.Protect(access)),
            Sql.Text(_protector.Protect(refresh)), Sql.Time(now), Sql.Time(now + lifetime)));
        return Make(access, refresh, now, now + lifetime);
    }

    private async Task<Tokens?> LoadAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select sealed_access_token, sealed_refresh_token, obtained_at, expires_at from sourcing.supplier_tokens where supplier = $1",
            Sql.Text(AliExpressSupplier.SupplierCode)));
        if (!await reader.Rows.ReadAsync(ct))
        {
            return null;
        }

        try
        {
            return Make(
                _protector.Unprotect(reader.Rows.GetString(0)),
                _protector.Unprotect(reader.Rows.GetString(1)),
                reader.Rows.GetFieldValue<DateTimeOffset>(2),
                reader.Rows.GetFieldValue<DateTimeOffset>(3));
        }
        catch (CryptographicException)
        {
            // Sealed with keys that are gone (a restored database): as good as none.
            LogUnreadable();
            return null;
        }
    }

    private static Tokens Make(string access, string refresh, DateTimeOffset obtained, DateTimeOffset expires) =>
        new(access, refresh, obtained + ((expires - obtained) * 0.8), expires);

    [LoggerMessage(LogLevel.Warning, "The AliExpress token could not be renewed ({Code})")]
    private partial void LogRenewalFailed(string code);

    [LoggerMessage(LogLevel.Warning, "The stored AliExpress token cannot be unsealed with the present keys; a new one is fetched")]
    private partial void LogUnreadable();
}
