using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Kernel.Idempotency;

/// <summary>The answer stored for an idempotency key.</summary>
/// <param name="Status">HTTP status, 2xx.</param>
/// <param name="Body">JSON exactly as first sent.</param>
public sealed record StoredAnswer(int Status, string Body);

/// <summary>
/// One caller's <c>Idempotency-Key</c> on one endpoint. The row is written in the business transaction, so an answer is stored if and only
/// if its effect is; failures are not stored and may be tried again with the same key. Draft: ietf-httpapi-idempotency-key-header-07.
/// </summary>
/// <remarks>
/// An answer may hold what opens an order, so it is kept sealed and given to nobody who does not send the same key and the same body.
/// Guests with a cart or order token are told apart by it; those without share one range of keys, because a key that comes back with
/// another body has to be recognised as such.
/// </remarks>
public sealed class IdempotencyKey
{
    /// <summary>Longest key accepted, characters.</summary>
    public const int MaxLength = 255;

    private readonly Guid _storeId;
    private readonly string _caller;
    private readonly string _endpoint;
    private readonly string _key;
    private readonly byte[] _requestHash;
    private readonly IDataProtector _seal;

    private IdempotencyKey(Guid storeId, string caller, string endpoint, string key, byte[] requestHash, IDataProtector seal)
    {
        _storeId = storeId;
        _caller = caller;
        _endpoint = endpoint;
        _key = key;
        _requestHash = requestHash;
        _seal = seal;
    }

    /// <summary>Caller, endpoint and key in one text, unique in the store; for rows that a call claims before it has an answer.</summary>
    public string Scope => $"{_caller}\n{_endpoint}\n{_key}";

    /// <summary>SHA-256 of the raw body.</summary>
    public byte[] RequestHash => _requestHash;

    /// <summary>The same key and body for a second step of the same request, stored under an endpoint name of its own.</summary>
    public IdempotencyKey For(string endpoint) => new(_storeId, _caller, endpoint, _key, _requestHash, _seal);

    /// <summary>Reads the header of a request whose body is <paramref name="body"/>.</summary>
    /// <param name="caller">Who calls: the person's id; null for API keys, told by their claim, and for guests.</param>
    /// <param name="endpoint">Route name, stored.</param>
    /// <exception cref="ProblemException">400 <c>idempotency_key_required</c> or <c>idempotency_key_invalid</c>.</exception>
    public static IdempotencyKey Require(HttpRequest request, Guid storeId, string? caller, string endpoint, ReadOnlySpan<byte> body)
    {
        var values = request.Headers["Idempotency-Key"];
        var key = values.Count == 1 ? values[0] : null;
        if (values.Count == 0 || string.IsNullOrWhiteSpace(key))
        {
            throw new ProblemException(values.Count > 1 ? CommonProblems.IdempotencyKeyInvalid : CommonProblems.IdempotencyKeyRequired);
        }

        if (key.Length > MaxLength || key.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            throw new ProblemException(CommonProblems.IdempotencyKeyInvalid);
        }

        return new IdempotencyKey(
            storeId, caller ?? request.HttpContext.User.FindFirst("key")?.Value ?? Guest(request), endpoint, key, SHA256.HashData(body),
            request.HttpContext.RequestServices.GetRequiredService<AnswerSeal>().Protector);
    }

    /// <summary>
    /// First statement of the transaction: takes the key's lock without waiting and reads what is stored. Then call
    /// <see cref="ReadClaimAsync"/> on its rows.
    /// </summary>
    public NpgsqlBatchCommand[] Claim() =>
    [
        Sql.Command("select pg_try_advisory_xact_lock($1)", Sql.Long(LockId())),
        // A statement of its own: its snapshot is taken after the lock, so it sees what the previous holder committed.
        Sql.Command(
            "select request_hash, status, body from kernel.idempotency_keys where store_id = $1 and caller = $2 and endpoint = $3 and key = $4",
            Sql.Uuid(_storeId), Sql.Text(_caller), Sql.Text(_endpoint), Sql.Text(_key)),
    ];

    /// <summary>Reads the two results of <see cref="Claim"/> and leaves the reader at the result after them.</summary>
    /// <returns>The stored answer to replay, or null when the work is to be done now.</returns>
    /// <exception cref="ProblemException">409 while another call with the key runs; 422 when the key came with another body.</exception>
    public async Task<StoredAnswer?> ReadClaimAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        if (!reader.GetBoolean(0))
        {
            throw InProgress();
        }

        await reader.NextResultAsync(ct);
        StoredAnswer? answer = null;
        if (await reader.ReadAsync(ct))
        {
            if (!CryptographicOperations.FixedTimeEquals(reader.GetFieldValue<byte[]>(0), _requestHash))
            {
                throw new ProblemException(CommonProblems.IdempotencyKeyReused);
            }

            answer = new StoredAnswer(reader.GetInt32(1), Open(reader.GetString(2)));
        }

        await reader.NextResultAsync(ct);
        return answer;
    }

    /// <summary>
    /// Waits for the key's lock. For the second transaction of work that claimed in a first one: a repeated call that is just looking must
    /// see either the claim or the stored answer, never the gap between.
    /// </summary>
    public NpgsqlBatchCommand Lock() => Sql.Command("select pg_advisory_xact_lock($1)", Sql.Long(LockId()));

    /// <summary>Last statement of the transaction: keeps the answer for replays, 48 hours at least.</summary>
    public NpgsqlBatchCommand Store(StoredAnswer answer) => Sql.Command(
        "insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body) values ($1, $2, $3, $4, $5, $6, $7)",
        Sql.Uuid(_storeId), Sql.Text(_caller), Sql.Text(_endpoint), Sql.Text(_key), Sql.Bytes(_requestHash), Sql.Int(answer.Status),
        Sql.Text(_seal.Protect(answer.Body)));

    /// <summary>409 with <c>Retry-After</c>: the first call with this key has not answered yet.</summary>
    public static ProblemException InProgress() => new(CommonProblems.IdempotencyKeyInProgress) { RetryAfter = TimeSpan.FromSeconds(1) };

    // Answers kept by releases before sealing are JSON as sent; they are gone two days later.
    private string Open(string body) => body.StartsWith('{') ? body : _seal.Unprotect(body);

    private static string Guest(HttpRequest request)
    {
        foreach (var header in new[] { "X-Cart-Token", "X-Order-Token" })
        {
            if (request.Headers[header] is [{ Length: > 0 and <= 128 } token])
            {
                return "guest:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)).AsSpan(0, 16));
            }
        }

        return "guest";
    }

    private long LockId()
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{_storeId:N}\n{Scope}"), hash);
        return BitConverter.ToInt64(hash);
    }
}

/// <summary>Seals kept answers with the installation's Data Protection keys.</summary>
internal sealed class AnswerSeal(IDataProtectionProvider protection)
{
    public IDataProtector Protector { get; } = protection.CreateProtector("mallgram.idempotency.answer");
}
