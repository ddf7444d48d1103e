using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.Platform;

internal sealed record PlatformStaffRow(string Id, string FullName, string? Email, string Role, string Status, DateTimeOffset? LastSignInAt);

/// <param name="Data">Owners first, 200 at most.</param>
internal sealed record PlatformStaffList(IReadOnlyList<PlatformStaffRow> Data);

/// <summary>Who works for a store, for administrators who write to them or act as one of them.</summary>
internal sealed class PlatformStaff(PlatformDatabase database)
{
    /// <exception cref="ProblemException">404.</exception>
    public async Task<PlatformStaffList> ListAsync(Guid storeId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(
            ct,
            Sql.Command("select 1 from stores.stores where id = $1", Sql.Uuid(storeId)),
            Sql.Command(
                """
                select id, full_name, email, role, status, last_sign_in_at from identity.users
                where store_id = $1 and role not in ('customer', 'affiliate') order by role <> 'owner', id limit 200
                """,
                Sql.Uuid(storeId)));
        if (!await answer.Rows.ReadAsync(ct))
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        await answer.Rows.NextResultAsync(ct);
        var staff = new List<PlatformStaffRow>();
        while (await answer.Rows.ReadAsync(ct))
        {
            var row = answer.Rows;
            staff.Add(new PlatformStaffRow(
                PublicId.Format(PublicId.User, row.GetGuid(0)), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3),
                row.GetString(4), row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5)));
        }

        return new PlatformStaffList(staff);
    }
}
