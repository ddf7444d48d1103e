using Mallgram.Kernel.Audit;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Mallgram.Identity.SignIn;

/// <summary>Writes down sign-ins: for the person themselves in <c>identity.sign_ins</c>, of staff also in the audit log.</summary>
internal sealed class SignInHistory(StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    /// <param name="method">What was presented: <c>password</c> or <c>code</c>.</param>
    /// <param name="outcome"><c>wrong_password</c>, <c>wrong_code</c>, <c>locked</c> or <c>disabled</c>.</param>
    public Task FailedAsync(Person person, string method, string outcome, HttpContext context, CancellationToken ct) =>
        database.ExecuteAsync(ct, [.. Entries(person, method, outcome, secondFactor: false, context)]);

    /// <summary>For the transaction of the sign-in itself.</summary>
    public IEnumerable<NpgsqlBatchCommand> Entries(Person person, string method, string outcome, bool secondFactor, HttpContext context)
    {
        var device = ClientDevice.Of(context);
        yield return Sql.Command(
            """
            insert into identity.sign_ins (store_id, id, user_id, at, method, outcome, address, user_agent)
            values ($1, $2, $3, $4, $5, $6, $7::inet, $8)
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Uuid(person.Id), Sql.Time(clock.GetUtcNow()), Sql.Text(method),
            Sql.Text(outcome), Sql.Text(device.Address), Sql.Text(device.UserAgent));
        if (person.IsStaff)
        {
            yield return AuditEntry.Insert(
                scope.StoreId,
                new Caller(PublicId.Format(PublicId.User, person.Id), OnBehalfOf: null, device.Address, ProblemAnswers.RequestId(context)),
                outcome == "succeeded" ? "sign_in.succeeded" : "sign_in.failed",
                "identity.users", person.Id.ToString(), new { method, outcome, second_factor = secondFactor });
        }
    }
}
