using System.Security.Claims;
using Mallgram.Identity.Access;
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

namespace Mallgram.Identity.Staff;

internal sealed record InvitationRequest(string? Email, string? Role);

internal sealed record InvitationPage(IReadOnlyList<InvitationView> Data, string? NextCursor);

internal static class InvitationEndpoints
{
    public static void Map(RouteGroupBuilder staff)
    {
        staff.MapGet("/invitations", ListAsync).RequirePermission(Permissions.StaffRead).WithName("AdminListInvitations")
            .WithSummary("Invitations to the staff, newest first").ProducesProblem(400).ProducesProblem(422);
        staff.MapPost("/invitations", CreateAsync).RequirePermission(Permissions.StaffWrite).WithName("AdminInvite")
            .WithSummary("Invite somebody to the staff by mail; the invitation is good for seven days")
            .ProducesProblem(403).ProducesProblem(409).ProducesProblem(422);
        staff.MapPost("/invitations/{id}/resend", ResendAsync).RequirePermission(Permissions.StaffWrite).WithName("AdminResendInvitation")
            .WithSummary("Mail an invitation again; the former mail no longer works").ProducesProblem(403).ProducesProblem(404);
        staff.MapDelete("/invitations/{id}", RevokeAsync).RequirePermission(Permissions.StaffWrite).WithName("AdminRevokeInvitation")
            .WithSummary("Take an invitation back").ProducesProblem(404);
    }

    public static void MapAcceptInvitation(this IEndpointRouteBuilder app) => app.MapGroup("/auth").WithTags("Sign-in")
        .MapPost("/accept-invitation", AcceptAsync).WithName("AcceptInvitation")
        .WithSummary("Join the staff with the token of an invitation mail, and sign in")
        .ProducesProblem(401).ProducesProblem(403).ProducesProblem(422);

    private static async Task<Ok<InvitationPage>> ListAsync(
        string? cursor, int? limit, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        var page = IdPage.Read(PublicId.Invitation, cursor, limit);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {Invitations.Columns} from identity.invitations where store_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
            Sql.Uuid(scope.StoreId), Sql.Uuid(page.Before), Sql.Int(page.Limit + 1)));
        var invitations = new List<InvitationView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            invitations.Add(Invitations.Read(answer.Rows, clock.GetUtcNow()));
        }

        return TypedResults.Ok(new InvitationPage([.. invitations.Take(page.Limit)], page.Next(invitations, i => i.Id)));
    }

    private static async Task<Created<InvitationView>> CreateAsync(
        JsonBody<InvitationRequest> body, ClaimsPrincipal user, StaffCallers callers, Invitations invitations, CancellationToken ct) =>
        TypedResults.Created(
            (string?)null, await invitations.CreateAsync(body.Value.Email, body.Value.Role, await callers.OfAsync(user, ct), ct));

    private static async Task<NoContent> ResendAsync(
        string id, ClaimsPrincipal user, StaffCallers callers, Invitations invitations, CancellationToken ct)
    {
        await invitations.ResendAsync(Parse(id), await callers.OfAsync(user, ct), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RevokeAsync(string id, Invitations invitations, CancellationToken ct)
    {
        await invitations.RevokeAsync(Parse(id), ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<LogInAnswer>> AcceptAsync(JsonBody<AcceptInvitationRequest> body, AcceptInvitation accept, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await accept.RunAsync(body.Value, context, context.RequestAborted));
    }

    private static Guid Parse(string id) =>
        PublicId.TryParse(PublicId.Invitation, id, out var invitation) ? invitation : throw new ProblemException(Invitations.NotFound);
}
