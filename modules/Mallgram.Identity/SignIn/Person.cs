using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Identity.SignIn;

/// <summary>A row of <c>identity.users</c>.</summary>
/// <param name="Phone">E.164.</param>
/// <param name="PasswordHash">Null: signs in by codes only.</param>
/// <param name="Status"><c>active</c>, <c>disabled</c> or <c>erased</c>.</param>
/// <param name="LockedUntil">After too many wrong passwords; may be in the past.</param>
internal sealed record Person(
    Guid Id, string? Email, string? Phone, string FullName, string? PasswordHash, string Language, string Role, string Status,
    bool EmailVerified, bool PhoneVerified, DateTimeOffset? LockedUntil, DateTimeOffset? PasswordChangedAt)
{
    public const string Columns =
        """
        id, email, phone, full_name, password_hash, language, role, status, email_verified_at is not null, phone_verified_at is not null,
        locked_until, password_changed_at
        """;

    public bool IsActive => Status == "active";

    /// <summary>Works for the store; their sign-ins are audited.</summary>
    public bool IsStaff => Role is not (Roles.Customer or Roles.Affiliate);

    /// <param name="row">Stands on <see cref="Columns"/>, from column 0.</param>
    public static Person From(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.TextOrNull(1), row.TextOrNull(2), row.GetString(3), row.TextOrNull(4), row.GetString(5), row.GetString(6), row.GetString(7),
        row.GetBoolean(8), row.GetBoolean(9), Time(row, 10), Time(row, 11));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}

/// <summary>A person as they see themselves.</summary>
internal sealed record PersonView(
    string Id, string? Email, string? Phone, string FullName, string Role, string Language, bool EmailVerified, bool PhoneVerified)
{
    public static PersonView Of(Person person) => new(
        PublicId.Format(PublicId.User, person.Id), person.Email, person.Phone, person.FullName, person.Role, person.Language,
        person.EmailVerified, person.PhoneVerified);
}

/// <summary>Finds people of the current store.</summary>
internal sealed class People(StoreDatabase database, StoreScope scope)
{
    public Task<Person?> FindByEmailAsync(string email, CancellationToken ct) => FindAsync(
        Sql.Command(
            $"select {Person.Columns} from identity.users where store_id = $1 and email_key = lower($2)",
            Sql.Uuid(scope.StoreId), Sql.Text(email)), ct);

    public Task<Person?> FindAsync(Contact contact, CancellationToken ct) =>
        contact.Email is { } email ? FindByEmailAsync(email, ct) : FindByPhoneAsync(contact.Phone!, ct);

    /// <param name="phone">E.164.</param>
    public Task<Person?> FindByPhoneAsync(string phone, CancellationToken ct) => FindAsync(
        Sql.Command(
            $"select {Person.Columns} from identity.users where store_id = $1 and phone = $2", Sql.Uuid(scope.StoreId), Sql.Text(phone)), ct);

    public Task<Person?> FindAsync(Guid id, CancellationToken ct) => FindAsync(
        Sql.Command(
            $"select {Person.Columns} from identity.users where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(id)), ct);

    /// <summary>Replaces the hash of an unchanged password by a stronger one, unless the password was changed meanwhile.</summary>
    public Task ReplaceHashAsync(Person person, string hash, CancellationToken ct) => database.ExecuteAsync(
        ct,
        Sql.Command(
            "update identity.users set password_hash = $4 where store_id = $1 and id = $2 and password_hash = $3",
            Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id), Sql.Text(person.PasswordHash), Sql.Text(hash)));

    private async Task<Person?> FindAsync(NpgsqlBatchCommand command, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, command);
        return await answer.Rows.ReadAsync(ct) ? Person.From(answer.Rows) : null;
    }
}
