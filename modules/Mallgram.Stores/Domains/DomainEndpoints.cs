using System.Security.Cryptography;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Stores.Domains;

/// <param name="Host">A public DNS name: <c>shop.example.com</c>.</param>
internal sealed record DomainRequest(string? Host);

/// <param name="Name">Of a TXT record.</param>
internal sealed record DnsRecord(string Name, string Type, string Value);

/// <param name="Address">Where it has to be found, by http.</param>
internal sealed record ProofFile(string Address, string Content);

/// <param name="Verified">Only then requests for the host are requests for this store.</param>
/// <param name="Method">dns, file or operator; null until verified.</param>
/// <param name="Record">One way to prove it.</param>
/// <param name="File">The other.</param>
internal sealed record DomainView(
    string Host, bool Verified, string? Method, DateTimeOffset? VerifiedAt, DateTimeOffset? CheckedAt, DateTimeOffset CreatedAt, DnsRecord Record, ProofFile File)
{
    public const string Columns = "host, method, verified_at, checked_at, created_at, token";

    public static DomainView Read(NpgsqlDataReader row)
    {
        var (host, token) = (row.GetString(0), row.GetString(5));
        return new DomainView(
            host, !row.IsDBNull(2), row.IsDBNull(1) ? null : row.GetString(1), Time(row, 2), Time(row, 3), row.GetFieldValue<DateTimeOffset>(4),
            new DnsRecord($"{DomainProof.Label}.{host}", "TXT", DomainProof.Prefix + token),
            new ProofFile($"http://{host}{DomainProof.FilePath(token)}", token));
    }

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}

internal sealed record DomainList(IReadOnlyList<DomainView> Data);

internal static class DomainEndpoints
{
    private const int MaxDomains = 20;

    public static void MapDomains(this IEndpointRouteBuilder admin)
    {
        var domains = admin.MapGroup("/stores/{id}/domains").WithTags("Admin: store");
        domains.MapGet("", ListAsync).WithName("AdminListDomains").WithSummary("Domains of the store, and how to prove those that are not")
            .RequirePermission(Permissions.StoreRead).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        domains.MapPost("", AddAsync).WithName("AdminAddDomain").WithSummary("Claim a domain; it leads here once it is verified")
            .RequirePermission(Permissions.StoreWrite).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        domains.MapPost("/{domain}/verify", VerifyAsync).WithName("AdminVerifyDomain")
            .WithSummary("Look for the DNS record and for the file; one of them proves the domain")
            .RequirePermission(Permissions.StoreWrite)
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        domains.MapDelete("/{domain}", RemoveAsync).WithName("AdminRemoveDomain").WithSummary("Remove a domain; requests for it no longer lead here")
            .RequirePermission(Permissions.StoreWrite).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
    }

    private static async Task<DomainList> ListAsync(string id, CurrentStore current, StoreDatabase database, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {DomainView.Columns} from stores.domains where store_id = $1 order by host", Sql.Uuid(current.Named(id).Id)));
        var domains = new List<DomainView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            domains.Add(DomainView.Read(answer.Rows));
        }

        return new DomainList(domains);
    }

    private static async Task<Created<DomainView>> AddAsync(
        string id, JsonBody<DomainRequest> body, CurrentStore current, StoreDatabase database, CancellationToken ct)
    {
        var store = current.Named(id);
        if (DomainName.Normalise(body.Value.Host) is not { } host)
        {
            var errors = new FieldErrors();
            errors.Add("host", "must be a public DNS name such as shop.example.com", "doit être un nom DNS public tel que boutique.example.com");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
        }

        // Claimed again, it keeps its token: what was put into DNS meanwhile stays right.
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into stores.domains (store_id, host, token) select $1, $2, $3
            where (select count(*) from stores.domains where store_id = $1) < $4
            on conflict (store_id, host) do nothing
            """,
            Sql.Uuid(store.Id), Sql.Text(host), Sql.Text(RandomNumberGenerator.GetHexString(32, lowercase: true)), Sql.Int(MaxDomains)));
        return await FindAsync(database, store, host, ct) is { } added
            ? TypedResults.Created($"/api/v1/admin/stores/{id}/domains/{host}", added)
            : throw new ProblemException(StoreProblems.TooManyDomains, MaxDomains);
    }

    private static async Task<DomainView> VerifyAsync(
        string id, string domain, CurrentStore current, StoreDatabase database, PlatformDataSource platform, DomainProof proof, StoreLookup lookup,
        TimeProvider clock, CancellationToken ct)
    {
        var store = current.Named(id);
        var host = DomainName.Normalise(domain);
        if (host is null || await FindAsync(database, store, host, ct) is not { } claimed)
        {
            throw new ProblemException(CommonProblems.NotFound);
        }

        if (claimed.Verified)
        {
            return claimed;
        }

        var checks = await proof.CheckAsync(host, claimed.File.Content, ct);
        var found = checks.FirstOrDefault(c => c.Found);
        if (found is not null)
        {
            await TakeFromOtherAsync(platform, store, host, proof, clock, ct);
        }

        try
        {
            await database.ExecuteAsync(ct, Sql.Command(
                "update stores.domains set checked_at = $3, method = $4, verified_at = case when $4 is not null then $3 end where store_id = $1 and host = $2",
                Sql.Uuid(store.Id), Sql.Text(host), Sql.Time(clock.GetUtcNow()), Sql.Text(found?.Method)));
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "domains_proven" })
        {
            throw new ProblemException(StoreProblems.DomainTaken);
        }

        lookup.Forget();
        if (found is null)
        {
            throw new ProblemException(StoreProblems.DomainNotProven)
            {
                Members = new Dictionary<string, object?>(StringComparer.Ordinal) { ["checks"] = checks },
            };
        }

        return await FindAsync(database, store, host, ct) ?? throw new ProblemException(CommonProblems.NotFound);
    }

    /// <summary>
    /// A domain changes hands: a store that proves it no longer loses it to one that does. Otherwise a lapsed domain would lead to its former
    /// owner's store for ever. Nobody of the other store sees who did it.
    /// </summary>
    /// <exception cref="ProblemException">409 <c>domain_taken</c>: the other store proves it too, or the platform set it there.</exception>
    private static async Task TakeFromOtherAsync(
        PlatformDataSource platform, Store store, string host, DomainProof proof, TimeProvider clock, CancellationToken ct)
    {
        await using var find = platform.Source.CreateCommand(
            "select store_id, case when method <> 'operator' then token end from stores.domains where host = $1 and verified_at is not null and store_id <> $2");
        find.Parameters.Add(Sql.Text(host));
        find.Parameters.Add(Sql.Uuid(store.Id));
        Guid other;
        string? token;
        await using (var row = await find.ExecuteReaderAsync(ct))
        {
            if (!await row.ReadAsync(ct))
            {
                return;
            }

            (other, token) = (row.GetGuid(0), row.TextOrNull(1));
        }

        if (token is null || (await proof.CheckAsync(host, token, ct)).Any(c => c.Found))
        {
            throw new ProblemException(StoreProblems.DomainTaken);
        }

        await using var take = platform.Source.CreateCommand(
            "update stores.domains set checked_at = $3, method = null, verified_at = null where store_id = $1 and host = $2");
        take.Parameters.Add(Sql.Uuid(other));
        take.Parameters.Add(Sql.Text(host));
        take.Parameters.Add(Sql.Time(clock.GetUtcNow()));
        await take.ExecuteNonQueryAsync(ct);
    }

    private static async Task<NoContent> RemoveAsync(
        string id, string domain, CurrentStore current, StoreDatabase database, StoreLookup lookup, CancellationToken ct)
    {
        var removed = await database.ExecuteAsync(ct, Sql.Command(
            "delete from stores.domains where store_id = $1 and host = $2",
            Sql.Uuid(current.Named(id).Id), Sql.Text(DomainName.Normalise(domain) ?? "")));
        lookup.Forget();
        return removed > 0 ? TypedResults.NoContent() : throw new ProblemException(CommonProblems.NotFound);
    }

    private static async Task<DomainView?> FindAsync(StoreDatabase database, Store store, string host, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {DomainView.Columns} from stores.domains where store_id = $1 and host = $2", Sql.Uuid(store.Id), Sql.Text(host)));
        return await answer.Rows.ReadAsync(ct) ? DomainView.Read(answer.Rows) : null;
    }
}
