using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Identity.SignIn;

/// <summary>A row of <c>identity.users</c>.</summary>
internal sealed record Person(Guid Id, string Email, string FullName, string PasswordHash, string Language, string Role)
{
    public const string Columns = "id, email, full_name, password_hash, language, role";

    public static Person From(NpgsqlDataReader row) =>
        new(row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5));
}

/// <summary>A person as they see themselves.</summary>
internal sealed record PersonView(string Id, string Email, string FullName, string Role, string Language)
{
    public static PersonView Of(Person person) =>
        new(PublicId.Format(PublicId.User, person.Id), person.Email, person.FullName, person.Role, person.Language);
}

/// <summary>Finds people of the current store.</summary>
internal sealed class People(StoreDatabase database, StoreScope scope)
{
    public Task<Person?> FindByEmailAsync(string email, CancellationToken ct) => FindAsync(
        Sql.Command(
            $"select {Person.Columns} from identity.users where store_id = $1 and lower(email) = lower($2)",
            Sql.Uuid(scope.StoreId), Sql.Text(email)), ct);

    public Task<Person?> FindAsync(Guid id, CancellationToken ct) => FindAsync(
        Sql.Command(
            $"select {Person.Columns} from identity.users where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(id)), ct);

    public Task ReplaceHashAsync(Guid id, string hash, CancellationToken ct) => database.ExecuteAsync(
        ct,
        Sql.Command(
            "update identity.users set password_hash = $3 where store_id = $1 and id = $2",
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(hash)));

    private async Task<Person?> FindAsync(NpgsqlBatchCommand command, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, command);
        return await answer.Rows.ReadAsync(ct) ? Person.From(answer.Rows) : null;
    }
}
