//! Workspaces, users, channels.

use operations::{
    AddChannelError, AddUserError, CreateWorkspaceError, NewChannel, NewUser, NewWorkspace, Role,
    add_channel, add_user, check_password, create_workspace,
};

use crate::world::World;

#[tokio::test]
async fn a_password_is_kept_as_a_hash_that_only_it_fits() {
    let world = World::new().await;
    let new = |email: &str, password: &str| NewUser {
        workspace: world.workspace.id,
        email: email.into(),
        name: "Operator".into(),
        password: password.to_owned(),
        role: Role::Administrator,
    };
    let user = add_user(&world.ctx, new(" Ops@Example.org ", "correct horse")).await.unwrap();
    assert_eq!(user.email, "ops@example.org");
    assert!(user.password_hash.starts_with("$argon2id$"), "{}", user.password_hash);
    assert!(check_password("correct horse", &user.password_hash));
    assert!(!check_password("wrong horse", &user.password_hash) && !check_password("x", "not a hash"));
    let errors = [
        add_user(&world.ctx, new("ops@example.org", "correct horse")).await.unwrap_err(),
        add_user(&world.ctx, new("nobody", "correct horse")).await.unwrap_err(),
        add_user(&world.ctx, new("b@example.org", "short")).await.unwrap_err(),
    ];
    assert!(
        matches!(errors, [AddUserError::Taken, AddUserError::Email(_), AddUserError::Password]),
        "{errors:?}"
    );
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let world = World::new().await;
    let good = NewWorkspace {
        name: "Line".into(),
        timezone: "Africa/Nairobi".into(),
        country: None,
        languages: vec![],
        date_format: "YYYY-MM-DD".into(),
    };
    type Edit = fn(&mut NewWorkspace);
    type Expected = fn(&CreateWorkspaceError) -> bool;
    let cases: [(Edit, Expected); 5] = [
        (|w| w.name = "  ".into(), |e| matches!(e, CreateWorkspaceError::Name)),
        (|w| w.timezone = "Nairobi".into(), |e| matches!(e, CreateWorkspaceError::Timezone(_))),
        (|w| w.country = Some("Kenya".into()), |e| matches!(e, CreateWorkspaceError::Country(_))),
        (|w| w.languages = vec!["en".into()], |e| matches!(e, CreateWorkspaceError::Language(_))),
        (|w| w.date_format = "DMY".into(), |e| matches!(e, CreateWorkspaceError::DateFormat(_))),
    ];
    for (edit, expected) in cases {
        let mut new = good.clone();
        edit(&mut new);
        let error = create_workspace(&world.ctx, new).await.unwrap_err();
        assert!(expected(&error), "{error}");
    }
    create_workspace(&world.ctx, good).await.unwrap();
    assert_eq!(world.ctx.store.workspaces().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_line_with_wrong_settings_is_refused_when_it_is_added() {
    let world = World::new().await;
    let good = NewChannel {
        workspace: world.workspace.id,
        uuid: Some(world.other_line()),
        channel_type: "ex".into(),
        name: "Second".into(),
        address: "3030".into(),
        schemes: vec![],
        country: None,
        config: serde_json::json!({"send_url": "http://carrier.example.org/"}),
        rate: Some(store::Rate::per_second(10)),
    };
    let row = add_channel(&world.ctx, good.clone()).await.unwrap();
    assert_eq!((row.channel_type.as_str(), row.country.as_deref()), ("EX", Some("KE")));
    assert_eq!(row.schemes, ["tel"]);
    let found = world.ctx.registry.channel(&world.ctx, row.uuid).await.unwrap();
    assert_eq!(*found.unwrap().1, row);
    let unknown = NewChannel { channel_type: "pigeon".into(), uuid: None, ..good.clone() };
    let slow = NewChannel { rate: Some(store::Rate::per_second(0)), uuid: None, ..good.clone() };
    assert!(matches!(add_channel(&world.ctx, unknown).await, Err(AddChannelError::Settings(_))));
    assert!(matches!(add_channel(&world.ctx, slow).await, Err(AddChannelError::Rate(_))));
    assert!(matches!(add_channel(&world.ctx, good).await, Err(AddChannelError::Taken)));
}

#[tokio::test]
async fn a_line_that_is_added_is_found_though_it_was_asked_for_before() {
    let world = World::new().await;
    let find = |uuid| world.ctx.registry.channel(&world.ctx, uuid);
    let new = |number: u128| NewChannel {
        workspace: world.workspace.id,
        uuid: Some(domain::ChannelUuid(uuid::Uuid::from_u128(number))),
        channel_type: "EX".into(),
        name: "Later".into(),
        address: "4040".into(),
        schemes: vec![],
        country: None,
        config: serde_json::json!({}),
        rate: None,
    };
    let (here, beside) = (new(0x4040), new(0x4041));
    let (here_uuid, beside_uuid) = (here.uuid.unwrap(), beside.uuid.unwrap());
    for uuid in [here_uuid, beside_uuid, here_uuid] {
        assert!(find(uuid).await.unwrap().is_none());
    }
    add_channel(&world.ctx, here).await.unwrap();
    assert!(find(here_uuid).await.unwrap().is_some(), "added by this process");
    add_channel(&world.command(), beside).await.unwrap();
    world.host.forward(2);
    assert!(find(beside_uuid).await.unwrap().is_some(), "added by another process, after a moment");
}

#[tokio::test]
async fn places_and_shared_values_reach_the_flows() {
    use expressions::LocationLevel;
    use operations::{ImportLocationsError, LocationsReport, SetGlobalError, import_locations, set_global};

    let world = World::new().await;
    let workspace = world.workspace.id;
    let loaded = async || world.ctx.registry.workspace(&world.ctx, workspace).await.unwrap().unwrap();
    assert!(loaded().await.assets.locations().is_none());
    let table = "country,state,district,aliases\nUganda,Central,Kampala,Kla\nUganda,Central,,Buganda\n";
    let report = import_locations(&world.ctx, workspace, table.as_bytes()).await.unwrap();
    assert_eq!(report, LocationsReport { states: 1, districts: 1, wards: 0, aliases: 2 });
    set_global(&world.ctx, workspace, "clinic".into(), "Kisenyi".into()).await.unwrap();
    set_global(&world.ctx, workspace, "clinic".into(), "Kibuli".into()).await.unwrap();
    let now = loaded().await;
    let tree = now.assets.locations().unwrap();
    assert_eq!(tree.find(LocationLevel::District, "kla", None)[0].path, "Uganda > Central > Kampala");
    assert_eq!(now.assets.global("clinic").unwrap().value, "Kibuli");
    assert_eq!(now.assets.globals().count(), 1);

    let refused = import_locations(&world.ctx, workspace, b"country\nA\nB\n").await;
    assert!(matches!(refused, Err(ImportLocationsError::Read(_))));
    let refused = set_global(&world.ctx, workspace, "My Key".into(), "x".into()).await;
    assert!(matches!(refused, Err(SetGlobalError::Key(_))));
    import_locations(&world.ctx, workspace, b"country,state\nKenya,Coast\n").await.unwrap();
    let now = loaded().await;
    assert_eq!(now.assets.locations().unwrap().root.name, "Kenya");
}
