using System.Text.Json;
using Mallgram.Identity.Access;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Staff;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Identity.Profile;

/// <summary>Everything that is kept about a person, as one document.</summary>
/// <param name="Data">By part: the account, orders, payments, messages…</param>
internal sealed record PersonalExport(string UserId, DateTimeOffset ExportedAt, IReadOnlyDictionary<string, JsonElement> Data);

/// <summary>Export and erasure of a person's data over all modules.</summary>
internal sealed class PersonalRecords(
    StoreDatabase database, StoreScope scope, IEnumerable<IPersonalData> parts, Sessions sessions, StaffRoles roles, TimeProvider clock)
{
    /// <returns>Null for nobody, and for who was erased.</returns>
    public async Task<PersonalExport?> ExportAsync(Guid userId, CancellationToken ct)
    {
        if (await FindAsync(userId, ct) is not { } person)
        {
            return null;
        }

        var data = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            data.Add(part.Name, await part.ExportAsync(person, ct));
        }

        return new PersonalExport(PublicId.Format(PublicId.User, userId), clock.GetUtcNow(), data);
    }

    public async Task<IReadOnlyDictionary<string, long>> CountAsync(DataSubject person, CancellationToken ct)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            counts.Add(part.Name, await part.CountAsync(person, ct));
        }

        return counts;
    }

    /// <summary>All or nothing, in one transaction. Who is erased already stays so.</summary>
    /// <exception cref="ProblemException">409: the last owner.</exception>
    public async Task EraseAsync(Guid userId, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var otherOwners = await ChangeStaff.LockOwnersAsync(transaction, except: userId, ct);
        DataSubject person;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            """
            select case when email_verified_at is not null then email_key end, case when phone_verified_at is not null then phone end, role
            from identity.users where store_id = $1 and id = $2 and status <> 'erased' for no key update
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId))))
        {
            if (!await row.ReadAsync(ct))
            {
                return;
            }

            person = new DataSubject(userId, row.TextOrNull(0), row.TextOrNull(1));
            if (row.GetString(2) == Contracts.Roles.Owner && otherOwners == 0)
            {
                throw new ProblemException(AccessProblems.LastOwner);
            }
        }

        await transaction.ExecuteAsync(ct, sessions.EndAll(userId, kept: null));
        foreach (var part in parts)
        {
            await part.EraseAsync(person, transaction, ct);
        }

        await transaction.CommitAsync(ct);
        roles.Forget(scope.StoreId, userId);
    }

    public async Task<DataSubject?> FindAsync(Guid userId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select case when email_verified_at is not null then email_key end, case when phone_verified_at is not null then phone end
            from identity.users where store_id = $1 and id = $2 and status <> 'erased'
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));
        return await answer.Rows.ReadAsync(ct) ? new DataSubject(userId, answer.Rows.TextOrNull(0), answer.Rows.TextOrNull(1)) : null;
    }
}
