using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>
/// The store's access token at one supplier: made from the authorisation code at first, renewed when four fifths of its life are over, kept
/// sealed in the database. However many calls ask at once, one of them fetches. A renewal that fails is a warning and counts in the metric
/// <c>mallgram.supplier.token_renewals</c>; a token that still serves is used on meanwhile.
/// </summary>
internal sealed partial class OpenPlatformTokens(
    string supplier,
    OpenPlatformClient client,
    OpenPlatformOptions options,
    StoreDatabase database,
    StoreScope scope,
    IDataProtectionProvider protection,
    TimeProvider clock,
    ILogger<OpenPlatformTokens> logger) : IDisposable
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(5);

    private static readonly Counter<long> Renewals = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.supplier.token_renewals", "{renewal}", "Renewals of supplier access tokens by outcome");

    private readonly IDataProtector _protector = protection.CreateProtector("Mallgram.Sourcing.SupplierTokens");
    private readonly SemaphoreSlim _single = new(1, 1);
    private Tokens? _current;

    /// <param name="Refresh">Null when it cannot be renewed without a person.</param>
    private sealed record Tokens(string Access, string? Refresh, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt);

    /// <param name="refused">A token that the platform has just refused; another one is fetched if it is still the current one.</param>
    /// <exception cref="SupplierException"><see cref="SupplierFault.Refused"/>: the account must be authorised anew.</exception>
    public async Task<string> GetAsync(string? refused, CancellationToken ct)
    {
        if (_current is { } current && Serves(current, refused))
        {
            return current.Access;
        }

        await _single.WaitAsync(ct);
        try
        {
            if (_current is null || !Serves(_current, refused))
            {
                // Another process may have renewed it.
                _current = await LoadAsync(ct) ?? _current;
                if (_current is null || !Serves(_current, refused))
                {
                    _current = await FetchAsync(_current, refused, ct);
                }
            }

            return _current.Access;
        }
        finally
        {
            _single.Release();
        }
    }

    public void Dispose() => _single.Dispose();

    private bool Serves(Tokens tokens, string? refused) => tokens.Access != refused && clock.GetUtcNow() < tokens.RenewAt;

    private async Task<Tokens> FetchAsync(Tokens? known, string? refused, CancellationToken ct)
    {
        try
        {
            var fetched = await RenewAsync(known, ct);
            Renewals.Add(1, new TagList { { "supplier", supplier }, { "outcome", "renewed" } });
            return fetched;
        }
        catch (SupplierException e)
        {
            Renewals.Add(1, new TagList { { "supplier", supplier }, { "outcome", "failed" } });
            if (known is null || known.Access == refused || clock.GetUtcNow() >= known.ExpiresAt)
            {
                throw;
            }

            LogStillServes(supplier, e.Code, known.ExpiresAt);
            return known with { RenewAt = clock.GetUtcNow() + TryAgainAfter };
        }
    }

    private async Task<Tokens> RenewAsync(Tokens? known, CancellationToken ct)
    {
        if (known?.Refresh is { } refresh)
        {
            try
            {
                return await RequestAsync("/auth/token/refresh", ("refresh_token", refresh), ct);
            }
            catch (SupplierException e) when (e.Fault is SupplierFault.Refused or SupplierFault.TokenRefused && options.AuthorizationCode.Length > 0)
            {
                // The refresh token is spent; perhaps the account was authorised anew.
                LogRenewalFailed(supplier, e.Code);
            }
        }

        return options.AuthorizationCode.Length > 0
            ? await RequestAsync("/auth/token/create", ("code", options.AuthorizationCode), ct)
            : throw new SupplierException(
                SupplierFault.Refused, "not_authorised", $"No usable token for {supplier}: authorise the account and set its AuthorizationCode.");
    }

    private async Task<Tokens> RequestAsync(string path, (string Name, string Value) parameter, CancellationToken ct)
    {
        using var answer = await client.CallAsync(path, accessToken: null, [parameter], ct);
        string access;
        string? refresh;
        TimeSpan lifetime;
        try
        {
            (access, refresh, lifetime) = OpenPlatformJson.Read(answer.RootElement, OpenPlatformJson.Tokens);
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
            Sql.Uuid(scope.StoreId), Sql.Text(supplier), Sql.Text(_protector.Protect(access)),
            Sql.Text(_protector.Protect(refresh ?? "")), Sql.Time(now), Sql.Time(now + lifetime)));
        return Make(access, refresh, now, now + lifetime);
    }

    private async Task<Tokens?> LoadAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select sealed_access_token, sealed_refresh_token, obtained_at, expires_at from sourcing.supplier_tokens where supplier = $1",
            Sql.Text(supplier)));
        if (!await reader.Rows.ReadAsync(ct))
        {
            return null;
        }

        try
        {
            return Make(
                _protector.Unprotect(reader.Rows.GetString(0)),
                _protector.Unprotect(reader.Rows.GetString(1)) is { Length: > 0 } refresh ? refresh : null,
                reader.Rows.GetFieldValue<DateTimeOffset>(2),
                reader.Rows.GetFieldValue<DateTimeOffset>(3));
        }
        catch (CryptographicException)
        {
            // Sealed with keys that are gone (a restored database): as good as none.
            LogUnreadable(supplier);
            return null;
        }
    }

    private static Tokens Make(string access, string? refresh, DateTimeOffset obtained, DateTimeOffset expires) =>
        new(access, refresh, obtained + ((expires - obtained) * 0.8), expires);

    [LoggerMessage(LogLevel.Warning, "The {Supplier} token could not be renewed ({Code})")]
    private partial void LogRenewalFailed(string supplier, string code);

    [LoggerMessage(LogLevel.Warning, "The {Supplier} token could not be renewed ({Code}) and ends at {ExpiresAt}: authorise the account anew")]
    private partial void LogStillServes(string supplier, string code, DateTimeOffset expiresAt);

    [LoggerMessage(LogLevel.Warning, "The stored {Supplier} token cannot be unsealed with the present keys; a new one is fetched")]
    private partial void LogUnreadable(string supplier);
}
