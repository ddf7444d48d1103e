using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Identity.Profile;

/// <param name="Role"><c>customer</c> or <c>affiliate</c>.</param>
/// <param name="Status"><c>active</c> or <c>disabled</c>.</param>
internal sealed record CustomerView(
    string Id, string FullName, string? Email, bool EmailVerified, string? Phone, bool PhoneVerified, string Role, string Status, string Language,
    DateTimeOffset? LastSignInAt, DateTimeOffset CreatedAt);

/// <param name="OrdersCount">Orders of the account, and those a guest placed under its proven addresses.</param>
/// <param name="Records">How many records each part of the shop keeps about the person.</param>
internal sealed record CustomerDetail(CustomerView Customer, long OrdersCount, IReadOnlyDictionary<string, long> Records);

internal sealed record CustomerPage(IReadOnlyList<CustomerView> Data, string? NextCursor);

/// <summary>Customers and affiliates, for staff.</summary>
internal static class CustomerEndpoints
{
    private const int LongestQuery = 100;

    private const string Columns =
        """
        id, full_name, email, email_verified_at is not null, phone, phone_verified_at is not null, role, status, language, last_sign_in_at,
        created_at
        """;

    private const string IsCustomer = "store_id = $1 and role in ('customer', 'affiliate') and status <> 'erased'";

    private static readonly ProblemCode CustomerNotFound = new("customer_not_found", 404,
        "This store has no such customer.", "Cette boutique n'a pas ce client.");

    public static void MapCustomers(this IEndpointRouteBuilder admin)
    {
        var customers = admin.MapGroup("/customers").WithTags("Admin: customers");
        customers.MapGet("", ListAsync).RequirePermission(Permissions.CustomersRead).WithName("AdminListCustomers")
            .WithSummary("Customers, newest first; q finds names, surnames, e-mail addresses and phones that begin so")
            .ProducesProblem(400).ProducesProblem(422);
        customers.MapGet("/{id}", GetAsync).RequirePermission(Permissions.CustomersRead).WithName("AdminGetCustomer")
            .WithSummary("A customer, with how much is kept about them").ProducesProblem(404);
        customers.MapPost("/{id}/disable", (string id, StoreDatabase database, Sessions sessions, CancellationToken ct) =>
                SetStatusAsync(id, "disabled", database, sessions, ct))
            .RequirePermission(Permissions.CustomersWrite).WithName("AdminDisableCustomer")
            .WithSummary("Keep a customer from signing in and end their sessions").ProducesProblem(404);
        customers.MapPost("/{id}/enable", (string id, StoreDatabase database, Sessions sessions, CancellationToken ct) =>
                SetStatusAsync(id, "active", database, sessions, ct))
            .RequirePermission(Permissions.CustomersWrite).WithName("AdminEnableCustomer")
            .WithSummary("Let a customer sign in again").ProducesProblem(404);
        customers.MapPost("/{id}/export", ExportAsync).RequirePermission(Permissions.CustomersWrite).WithName("AdminExportCustomer")
            .WithSummary("Everything that is kept about a customer, for a request under POPIA or GDPR").ProducesProblem(404);
        customers.MapPost("/{id}/erase", EraseAsync).RequirePermission(Permissions.CustomersWrite).NotWhileImpersonating().WithName("AdminEraseCustomer")
            .WithSummary("Erase a customer for good; orders and payments that the law wants kept lose name and address").ProducesProblem(404);
    }

    private static async Task<Ok<CustomerPage>> ListAsync(
        string? q, string? cursor, int? limit, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.AtMost(q, "q", LongestQuery);
        if (q is not null && q.Any(char.IsControl))
        {
            errors.Add("q", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }

        errors.ThrowIfAny();
        var page = IdPage.Read(PublicId.User, cursor, limit);
        var prefix = q?.Trim();
        await using var answer = await database.QueryAsync(ct, string.IsNullOrEmpty(prefix)
            ? Sql.Command(
                $"select {Columns} from identity.users where {IsCustomer} and ($2::uuid is null or id < $2) order by id desc limit $3",
                Sql.Uuid(scope.StoreId), Sql.Uuid(page.Before), Sql.Int(page.Limit + 1))
            // Ranges of bytewise ordered keys: an index serves each, which LIKE would not get under row-level security.
            : Sql.Command(
                $"""
                with q as materialized (select lower($4) as first, lower($4) || chr(1114109) as last)
                select {Columns} from identity.users
                where {IsCustomer} and ($2::uuid is null or id < $2) and id = any(array(
                    select u.id from identity.users u
                    where u.store_id = $1 and u.email_key >= (select first from q) and u.email_key < (select last from q)
                    union all
                    select u.id from identity.users u
                    where u.store_id = $1 and u.name_key >= (select first from q) and u.name_key < (select last from q)
                    union all
                    select u.id from identity.users u
                    where u.store_id = $1 and u.surname_key >= (select first from q) and u.surname_key < (select last from q)
                    union all
                    select u.id from identity.users u
                    where u.store_id = $1 and u.phone collate "C" >= $5 and u.phone collate "C" < $5 || ':'))
                order by id desc limit $3
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(page.Before), Sql.Int(page.Limit + 1), Sql.Text(prefix), Sql.Text(PhonePrefix(prefix))));
        var people = new List<CustomerView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            people.Add(Read(answer.Rows));
        }

        return TypedResults.Ok(new CustomerPage([.. people.Take(page.Limit)], page.Next(people, p => p.Id)));
    }

    /// <summary>As phones are kept: <c>+237 670</c> becomes <c>+237670</c>; what is no phone begins none.</summary>
    private static string PhonePrefix(string text)
    {
        var digits = string.Concat(text.Where(c => c is not (' ' or '-' or '.' or '(' or ')'))).TrimStart('+');
        return digits.Length > 0 && digits.All(char.IsAsciiDigit) ? "+" + digits : "~";
    }

    private static async Task<Ok<CustomerDetail>> GetAsync(
        string id, StoreDatabase database, StoreScope scope, PersonalRecords records, CancellationToken ct)
    {
        var userId = Parse(id);
        CustomerView customer;
        await using (var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from identity.users where {IsCustomer} and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(userId))))
        {
            customer = await answer.Rows.ReadAsync(ct) ? Read(answer.Rows) : throw new ProblemException(CustomerNotFound);
        }

        var person = await records.FindAsync(userId, ct) ?? throw new ProblemException(CustomerNotFound);
        var counts = await records.CountAsync(person, ct);
        return TypedResults.Ok(new CustomerDetail(customer, counts.GetValueOrDefault("orders"), counts));
    }

    private static async Task<NoContent> SetStatusAsync(string id, string status, StoreDatabase database, Sessions sessions, CancellationToken ct)
    {
        var userId = Parse(id);
        await using var transaction = await database.BeginAsync(ct);
        var changed = await transaction.ExecuteAsync(ct, Sql.Command(
            $"update identity.users set status = $3 where {IsCustomer} and id = $2",
            Sql.Uuid(transaction.StoreId), Sql.Uuid(userId), Sql.Text(status)));
        if (changed == 0)
        {
            throw new ProblemException(CustomerNotFound);
        }

        if (status == "disabled")
        {
            await transaction.ExecuteAsync(ct, sessions.EndAll(userId, kept: null));
        }

        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<PersonalExport>> ExportAsync(
        string id, StoreDatabase database, StoreScope scope, PersonalRecords records, HttpContext context, CancellationToken ct)
    {
        var userId = await RequireAsync(id, "", database, scope, ct);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await records.ExportAsync(userId, ct) ?? throw new ProblemException(CustomerNotFound));
    }

    private static async Task<NoContent> EraseAsync(
        string id, StoreDatabase database, StoreScope scope, PersonalRecords records, CancellationToken ct)
    {
        // Erased ones too: asking twice is no error.
        await records.EraseAsync(await RequireAsync(id, "or status = 'erased'", database, scope, ct), ct);
        return TypedResults.NoContent();
    }

    private static async Task<Guid> RequireAsync(string id, string or, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var userId = Parse(id);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select from identity.users where store_id = $1 and id = $2 and (({IsCustomer}) {or})", Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));
        return await answer.Rows.ReadAsync(ct) ? userId : throw new ProblemException(CustomerNotFound);
    }

    private static CustomerView Read(NpgsqlDataReader row) => new(
        PublicId.Format(PublicId.User, row.GetGuid(0)), row.GetString(1), row.TextOrNull(2), row.GetBoolean(3), row.TextOrNull(4),
        row.GetBoolean(5), row.GetString(6), row.GetString(7), row.GetString(8),
        row.IsDBNull(9) ? null : row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<DateTimeOffset>(10));

    private static Guid Parse(string id) => PublicId.TryParse(PublicId.User, id, out var user) ? user : throw new ProblemException(CustomerNotFound);
}
